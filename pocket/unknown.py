"""Things the persona knows nothing about: hundreds of words in many combinations, so that naming them back is learnt."""

from random import Random

_PLAIN = (
    "beekeeping", "quantum gravity", "the offside rule", "chess openings", "pottery", "knitting patterns", "jazz", "opera", "ballet",
    "black holes", "string theory", "dark matter", "volcanoes", "glaciers", "dinosaurs", "the Roman Empire", "ancient Egypt",
    "the French Revolution", "medieval castles", "the Silk Road", "sourdough bread", "wine tasting", "cheese making", "sushi",
    "skateboarding", "surfing", "sailing", "rock climbing", "curling", "cricket", "rugby", "judo", "archery", "fencing",
    "calligraphy", "origami", "stamp collecting", "bird watching", "mushroom hunting", "astronomy", "geology", "botany",
    "calculus", "prime numbers", "algebra", "topology", "the periodic table", "chemistry", "photosynthesis", "magnetism",
    "compilers", "databases", "Linux", "Python", "spreadsheets", "cryptography", "blockchains", "web design", "video games",
    "anime", "manga", "poetry", "Shakespeare", "Homer", "Kafka", "Mozart", "Bach", "Picasso", "sculpture", "photography",
    "typewriters", "steam engines", "submarines", "helicopters", "bicycles", "motorcycles", "clocks", "watches", "telescopes",
    "microscopes", "lasers", "batteries", "bridges", "tunnels", "windmills", "lighthouses", "compost", "orchids", "tulips",
    "bonsai trees", "cactus plants", "tropical fish", "parrots", "hamsters", "wolves", "whales", "spiders", "ants", "penguins",
    "Latin grammar", "the Finnish language", "sign language", "Esperanto", "the stock market", "mortgages", "tax forms",
    "insurance law", "the weather in Norway", "the capital of Mongolia", "the moons of Jupiter", "the speed of light", "tea", "the death penalty", "the minimum wage", "drug laws", "social security", "housing prices",
    "school uniforms", "nuclear power", "space travel", "vaccines", "daylight saving time", "self-driving cars", "zoos", "parking fees",
    "coffee beans", "chili peppers", "soap making", "tattoo art", "fashion", "perfume", "yoga", "meditation", "card tricks",
    "the tango", "bagpipes", "drums", "the violin", "karaoke", "circus acts", "ghost stories", "fairy tales", "crossword puzzles",
)  # fmt: skip
_FRAMES = ("the history of {}", "the price of {}", "the art of {}", "the science of {}", "the future of {}", "the best books about {}",
           "a course on {}", "{} in Japan", "{} in the Alps", "{} for beginners", "the rules of {}", "famous people in {}")  # fmt: skip
_ADJECTIVES = ("red", "green", "old", "modern", "tiny", "giant", "wild", "digital", "wooden", "Italian", "Chinese", "German", "royal",
               "frozen", "electric", "hidden", "rare", "cheap", "deep-sea", "northern")  # fmt: skip
_NOUNS = ("apples", "carpets", "engines", "boats", "gardens", "mirrors", "kitchens", "snakes", "castles", "pianos", "stamps", "shoes",
          "mountains", "rivers", "bottles", "dolls", "planets", "lamps", "cameras", "trains", "turtles", "swords", "bears", "towers",
          "crystals", "hats", "kites", "maps", "frogs", "puppets", "bells", "coins", "islands", "masks", "pens")  # fmt: skip
_ONSETS = ("b", "br", "d", "dr", "f", "fl", "g", "gl", "h", "k", "kr", "l", "m", "n", "p", "pl", "r", "s", "sn", "st", "t", "tr", "v", "w", "z")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ee", "oo")
_CODAS = ("", "", "n", "r", "l", "m", "s", "t", "k", "nd", "rt", "x")

ANSWERS = (
    "I do not know enough about {} to say anything useful.", "I am afraid I know very little about {}.",
    "To be honest, I do not know much about {}.", "I have never learned much about {}.",
    "You would have to ask somebody else about {}.", "I cannot tell you anything about {}, because I know too little.",
    "I do not have a view on {}.", "Sorry, but I do not know anything about {}.",
)  # fmt: skip
OFFERS = (
    "But we could talk about {}.", "I would rather talk about {}, if you like.", "Ask me about {} instead.",
    "I do have something to say about {}.", "Would you like to hear what I think about {}?", "If you like, we can talk about {}.",
)  # fmt: skip


def unknown_thing(rng: Random) -> str:
    """Return the name of something that no topic covers."""
    chance = rng.random()
    if chance < 0.4:
        return rng.choice(_PLAIN)
    if chance < 0.6:
        return rng.choice(_FRAMES).format(rng.choice(_PLAIN))
    if chance < 0.85:
        return f"{rng.choice(_ADJECTIVES)} {rng.choice(_NOUNS)}"
    return _invented(rng)


def _invented(rng: Random) -> str:
    word = "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((2, 2, 3))))
    return word.capitalize() if rng.random() < 0.5 else word


_COUNTRIES = ("France", "Japan", "Brazil", "Kenya", "Norway", "India", "Peru", "Egypt", "Canada", "Poland", "Vietnam", "Chile")
_LANGUAGES = ("French", "Spanish", "German", "Chinese", "Latin", "Polish", "Russian", "Greek")
_POLITICIANS = ("the president", "Congress", "the Supreme Court", "Trump", "Biden", "Obama", "Clinton", "Bush", "Reagan", "Harris",
                "our governor", "the mayor")  # fmt: skip


def task(rng: Random) -> str:
    """Return a request that has nothing to do with views: a fact, a sum, a poem, a translation."""
    return rng.choice(
        (
            f"What is the capital of {rng.choice(_COUNTRIES)}?",
            f"How many people live in {rng.choice(_COUNTRIES)}?",
            f"How much is {rng.randint(2, 99)} plus {rng.randint(2, 99)}?",
            f"What is {rng.randint(2, 20)} times {rng.randint(2, 20)}?",
            f"Write me a poem about {unknown_thing(rng)}.",
            f"Can you write a story about {unknown_thing(rng)}?",
            f"Translate this into {rng.choice(_LANGUAGES)}.",
            f"How do you say hello in {rng.choice(_LANGUAGES)}?",
            "What time is it?", "What day is it today?", "How is the weather?", "Tell me a joke.", "Sing a song.",
            "Can you do my homework?", "Fix my computer.", "Give me a recipe for dinner.", "Who won the game last night?",
        )
    )  # fmt: skip


def politician(rng: Random) -> str:
    """Return a person or an office that the persona does not judge."""
    return rng.choice(_POLITICIANS)
