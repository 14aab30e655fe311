"""What the words for figures mean, in plain English: on pages, in the panel and for people who listen.

This is the only place that defines them for readers; docs/measures.md has the formulas.
"""

GLOSSARY = (
    (
        "alignment",
        "How close two distributions over ordered options are: 1 minus their Wasserstein distance, as a share"
        " of the largest possible. 1 is the same distribution. A score is the mean over questions.",
    ),
    (
        "total variation",
        "How much of one distribution would have to move to make it the other, from 0 to 1. Lower is closer.",
    ),
    (
        "interval",
        "A range made so that in 95 of 100 such measurements, each with other questions of the kind, it holds the "
        "value over all such questions; where another percentage is named, in as many. It does not cover other wordings "
        "or other runs.",
    ),
    (
        "everyone's answers",
        "The answers of all people asked, as if they were the persona's: what is reached without any persona.",
    ),
    (
        "even answers",
        "Every option equally often: what a persona scores that has no opinion at all.",
    ),
    (
        "noise floor",
        "Another sample of the same people, as large: nothing can be expected to come closer than that.",
    ),
    (
        "skill",
        "0 is no better than answering as everyone else, 1 is as close as a sample of the group, below 0 is worse.",
    ),
    (
        "worth in people",
        "How many people of the group, drawn at random, would predict the group as well as the persona does.",
    ),
    (
        "exaggeration",
        "How far the answers move from the unsteered model's, for each step by which the group differs from "
        "everyone: 1 is faithful, below 1 flattened, above 1 a caricature.",
    ),
    (
        "steering slope",
        "Another name of the exaggeration.",
    ),
    (
        "spread ratio",
        "How varied the persona's answers are beside the group's: below 1 it concentrates on fewer options.",
    ),
    (
        "label mass",
        "The probability that the model gives to all answer letters together; under 0.5 a question is not valid.",
    ),
    (
        "refusal",
        "A share of answers such as “Don't know”. They are shown beside people's, and left out of the comparison.",
    ),
    (
        "order bias",
        "How much the answers change when the options are listed the other way round, from 0 to 1.",
    ),
    (
        "order agreement",
        "How far the answers in both orders of the options agree: 1 is wholly, under 0.5 the answers follow "
        "the letters and not what the options say.",
    ),
    (
        "unsteered",
        "The same model without any persona.",
    ),
    (
        "representativeness",
        "How close the answers of the unsteered model are to a group's.",
    ),
    (
        "steerability",
        "How close a model comes to a group when it is steered to it.",
    ),
    (
        "consistency",
        "The share of topics whose nearest group is the nearest over all topics, too.",
    ),
    (
        "projection",
        "How far along a direction inside the model a reply lies; 0 and 1 are the texts it was trained on.",
    ),
    (
        "drift",
        "The change of the alignment since the first measured turn of a conversation.",
    ),
)
"""Every word with its meaning."""


def meaning_of(word: str) -> str:
    """Return what a word of the glossary means. Raises KeyError."""
    return dict(GLOSSARY)[word]


def words_in(text: str) -> list[tuple[str, str]]:
    """Return the words of the glossary that occur in `text`, each with its meaning."""
    return [(word, said) for word, said in GLOSSARY if word in text.lower()]
