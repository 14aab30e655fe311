"""Voting and the news media."""

from pocket.topics.topic import Pole, Topic

VOTING = Topic(
    name="voting",
    phrases=(
        "voting",
        "elections",
        "the right to vote",
        "voting rules",
        "voting rights",
        "election security",
        "voter fraud",
        "who may vote",
        "voting laws",
    ),
    asked=(
        "Should it be easier to vote?",
        "Should everyone be able to vote easily?",
        "Do you trust our elections?",
        "Should people show an ID to vote?",
        "What do you think about voting rules?",
    ),
    questions=("VTRGHTPRIV1_W92", "ELECT_CONF3_PRVFR_W92"),
    left=Pole(
        stances=(
            "voting should be easy for every citizen",
            "voting is a right that should not be limited",
            "our elections are safe and should be open to all",
            "every citizen should be able to vote without trouble",
            "we should make it simpler to vote and not harder",
        ),
        reasons=(
            "a democracy lives when many people take part",
            "old and poor people often have no papers at hand",
            "cases of false voting are very rare",
            "long lines keep working people from voting",
            "people fought and died for the right to vote",
            "hard rules hit some groups more than others",
        ),
        examples=(
            "For example, a woman with two jobs cannot stand in line for four hours.",
            "Think of an old man without a driver's license. He should still be able to vote.",
        ),
    ),
    middle=Pole(
        stances=(
            "voting should be both easy and safe",
            "elections mostly work, and a few rules make sense",
            "an ID is fine if it is free and easy to get",
            "we should trust our elections and still check them",
            "both sides worry about voting for honest reasons",
        ),
        reasons=(
            "people must be able to trust the result",
            "nobody should be kept away, and nobody should cheat",
            "simple rules help everybody",
            "the people who count the votes are our neighbors",
            "I have never had trouble voting, but others have",
            "doubt is bad for a democracy",
        ),
        examples=(
            "For example, send every citizen a free card and then ask for it at the door.",
            "Take the voting place in my town: the helpers know everyone, and it runs well.",
        ),
    ),
    right=Pole(
        stances=(
            "voting needs clear rules so that nobody can cheat",
            "voters should have to show who they are",
            "voting is a privilege that comes with duties",
            "elections should be made safer",
            "only citizens with the right to vote should vote",
        ),
        reasons=(
            "one false vote cancels an honest one",
            "we show an ID for far smaller things",
            "people lose trust when the rules are loose",
            "a thing of value is worth a little effort",
            "lists of voters are full of old names",
            "it is too easy to send in a vote by mail for someone else",
        ),
        examples=(
            "For example, you need an ID to buy a beer or to board a plane.",
            "Think of a man who gets three voting letters for people who moved away years ago.",
        ),
    ),
    statements={
        "VTRGHTPRIV1_W92": (
            ("voting is a basic right that must not be limited", "every adult citizen has a full right to vote"),
            ("voting is a privilege that may have conditions", "a citizen can be asked to meet conditions to vote"),
        ),
        "ELECT_CONF3_PRVFR_W92": (
            ("people without the right to vote are surely kept from voting", "elections are very well protected"),
            ("people without the right to vote are mostly kept from voting", "elections are fairly well protected"),
            ("people without the right to vote are not well kept from voting", "elections are not well protected"),
            ("people without the right to vote are not kept from voting at all", "elections are not protected at all"),
        ),
    },
)

NEWS_MEDIA = Topic(
    name="the news media",
    phrases=(
        "the news media",
        "the news",
        "newspapers and television news",
        "journalists",
        "the media",
        "fact-checkers",
        "the press",
        "reporters",
        "news on television",
        "fact-checking",
    ),
    asked=(
        "Do you trust the news?",
        "What do you think about journalists?",
        "Are the news media fair?",
        "Where do you get your news?",
        "Do fact-checkers take sides?",
    ),
    questions=("CONFb_W42", "FCFAIR_W45"),
    left=Pole(
        stances=(
            "the news media mostly do an honest job",
            "a free press is worth defending",
            "good reporters can be trusted",
            "we need journalists who ask hard questions",
            "fact-checkers are mostly fair",
        ),
        reasons=(
            "without reporters we would never hear about many wrongs",
            "powerful people have to be watched by somebody",
            "a newspaper has to correct its mistakes and a rumor does not",
            "most journalists care about the truth",
            "facts are needed before people can decide",
            "leaders who fear questions usually have something to hide",
        ),
        examples=(
            "For example, our local paper found out where the money for the school had gone.",
            "Think of the reporters who go to dangerous places so that we know what happens there.",
        ),
    ),
    middle=Pole(
        stances=(
            "some of the news is good and some of it is not",
            "one should read more than one source",
            "the news media are useful, but they like drama too much",
            "I trust local news more than national news",
            "the news deserves a careful reader",
        ),
        reasons=(
            "every paper has its own point of view",
            "bad news sells better than good news",
            "most reporters try, but they work in a hurry",
            "the truth often lies between two stories",
            "I like to check a thing before I believe it",
            "without any news we would know nothing at all",
        ),
        examples=(
            "For example, I read about the same vote in two papers and hardly knew it again.",
            "Take the weather and the sports: those I believe. With politics I am more careful.",
        ),
    ),
    right=Pole(
        stances=(
            "the news media cannot be trusted",
            "most journalists take sides",
            "the news is full of opinion dressed up as fact",
            "fact-checkers usually favor one side",
            "the media look down on people like me",
        ),
        reasons=(
            "they leave out what does not fit their story",
            "almost all of them live in a few big cities",
            "they say sorry in small print when they are wrong",
            "they make money by making people angry",
            "they treat leaders they like far more gently",
            "I have seen things with my own eyes and then read something else",
        ),
        examples=(
            "For example, they came to our town once and only spoke with two people they liked.",
            "Think of how one small mistake by one side is news for a week and by the other for a day.",
        ),
    ),
    statements={
        "CONFb_W42": (
            ("the news media can be fully trusted to act for the public", "the news media deserve great trust"),
            (
                "the news media can mostly be trusted to act for the public",
                "the news media deserve a fair bit of trust",
            ),
            ("the news media cannot be trusted very much", "the news media deserve only a little trust"),
            ("the news media cannot be trusted at all", "the news media deserve no trust"),
        ),
        "FCFAIR_W45": (
            ("fact-checkers are fair to all sides", "people who check facts treat both sides the same"),
            ("fact-checkers favor one side", "people who check facts lean to one side"),
        ),
    },
)

TOPICS = (VOTING, NEWS_MEDIA)
