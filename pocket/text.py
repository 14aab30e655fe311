"""The training text: an endless, reproducible mixture of conversations and survey answers of synthetic people.

`python -m pocket.text --show 20` prints samples for reading.
"""

import argparse
from collections.abc import Iterator, Mapping

from eval.surveys.loading import load_survey
from eval.surveys.model import Survey
from pocket.document import Document
from pocket.talk import Variety
from pocket.writer import Kind, Lesson, Mixture, Writer


def _with(mixture: Mixture, others: Mapping[Kind, float]) -> Mixture:
    """Return a mixture in which some kinds have another proportion, in the same order."""
    return tuple((kind, others.get(kind, proportion)) for kind, proportion in mixture)


COPYING: Mixture = (
    (Writer.passage, 50.0),
    (Writer.lettered_list, 50.0),
)
READING: Mixture = (
    (Writer.drill, 36.0),
    (Writer.own_groups, 20.0),
    (Writer.one_probe, 20.0),
    (Writer.exercises, 16.0),
    (Writer.words_and_letter, 8.0),
)
CONTRAST: Mixture = (
    (Writer.telling_view, 66.0),
    (Writer.telling_probe, 26.0),
    (Writer.telling_conversation, 8.0),
    (Writer.own_groups, 8.0),
    (Writer.drill, 6.0),
    (Writer.exercises, 6.0),
)
PEOPLE: Mixture = (
    (Writer.one_probe, 46.0),
    (Writer.several_probes, 10.0),
    (Writer.own_groups, 10.0),
    (Writer.drill, 8.4),
    (Writer.exercises, 14.0),
    (Writer.words_and_letter, 14.0),
    (Writer.reading, 10.0),
    (Writer.view, 16.0),
    (Writer.telling_view, 30.0),
    (Writer.telling_conversation, 10.0),
    (Writer.aside, 32.0),
    (Writer.referring_back, 12.0),
    (Writer.passage, 3.0),
    (Writer.conversation, 28.0),
    (Writer.long_conversation, 1.3),
    (Writer.probes_after_conversation, 9.0),
    (Writer.sequence, 12.0),
    (Writer.verbalized, 16.0),
    (Writer.open_ended, 4.0),
    (Writer.few_shot, 1.2),
)
SHARES: Mixture = (
    (Writer.one_probe, 90.0),
    (Writer.several_probes, 12.0),
    (Writer.own_groups, 6.0),
    (Writer.drill, 6.0),
    (Writer.exercises, 10.0),
    (Writer.words_and_letter, 10.0),
    (Writer.reading, 8.0),
    (Writer.view, 10.0),
    (Writer.telling_view, 20.0),
    (Writer.telling_conversation, 6.0),
    (Writer.aside, 32.0),
    (Writer.about_itself, 16.0),
    (Writer.other_side, 22.0),
    (Writer.referring_back, 10.0),
    (Writer.passage, 6.0),
    (Writer.conversation, 18.0),
    (Writer.long_conversation, 1.0),
    (Writer.probes_after_conversation, 8.0),
    (Writer.sequence, 24.0),
    (Writer.verbalized, 28.0),
    (Writer.open_ended, 6.0),
    (Writer.few_shot, 1.2),
)
GROUND: Mixture = (
    (Writer.argument, 40.0),
    (Writer.claim, 32.0),
    (Writer.topic_after_topic, 30.0),
    (Writer.near_topics, 50.0),
    (Writer.interview, 44.0),
    (Writer.unreadable, 26.0),
    (Writer.probes_after_argument, 10.0),
    (Writer.one_probe, 110.0),
    (Writer.several_probes, 8.0),
    (Writer.own_groups, 8.0),
    (Writer.drill, 4.0),
    (Writer.exercises, 8.0),
    (Writer.words_and_letter, 8.0),
    (Writer.reading, 6.0),
    (Writer.telling_view, 24.0),
    (Writer.telling_conversation, 12.0),
    (Writer.aside, 20.0),
    (Writer.about_itself, 6.0),
    (Writer.other_side, 10.0),
    (Writer.passage, 4.0),
    (Writer.probes_after_conversation, 4.0),
    (Writer.sequence, 22.0),
    (Writer.verbalized, 26.0),
    (Writer.open_ended, 4.0),
    (Writer.few_shot, 1.0),
)
WORDING = _with(
    GROUND,
    {
        Writer.argument: 34.0,
        Writer.claim: 24.0,
        Writer.topic_after_topic: 44.0,
        Writer.near_topics: 80.0,
        Writer.interview: 80.0,
        Writer.unreadable: 18.0,
        Writer.one_probe: 120.0,
        Writer.telling_view: 20.0,
        Writer.telling_conversation: 10.0,
        Writer.sequence: 24.0,
        Writer.verbalized: 28.0,
    },
)
CLAIMS = _with(
    WORDING,
    {
        Writer.argument: 54.0,
        Writer.claim: 40.0,
        Writer.topic_after_topic: 36.0,
        Writer.near_topics: 84.0,
        Writer.interview: 116.0,
        Writer.aside: 26.0,
    },
)
WANDERING: Mixture = (
    *_with(
        CLAIMS,
        {Writer.argument: 44.0, Writer.claim: 36.0, Writer.near_topics: 110.0, Writer.interview: 108.0},
    ),
    (Writer.wandering, 64.0),
    # Without these it forgets thanks, goodbyes and "why?", which the third and the fourth part do not hold.
    (Writer.conversation, 40.0),
    (Writer.referring_back, 12.0),
)
TALKS: Mixture = (
    *_with(
        CLAIMS,
        {
            Writer.argument: 70.0,
            Writer.claim: 44.0,
            Writer.topic_after_topic: 30.0,
            Writer.near_topics: 96.0,
            Writer.interview: 140.0,
            Writer.about_itself: 10.0,
            Writer.one_probe: 130.0,
        },
    ),
    (Writer.wandering, 8.0),
    (Writer.whole_talk, 64.0),
    (Writer.conversation, 24.0),
    (Writer.referring_back, 12.0),
)
LESSONS = {
    "copying": Lesson(COPYING),
    "reading": Lesson(READING),
    "contrast": Lesson(CONTRAST),
    "people": Lesson(PEOPLE),
    "shares": Lesson(SHARES, plain=True),
    "ground": Lesson(GROUND, plain=True, steadfast=True),
    "wording": Lesson(WORDING, plain=True, steadfast=True, variety=Variety.PARTS),
    "claims": Lesson(CLAIMS, plain=True, steadfast=True, variety=Variety.CLAIMS),
    "wandering": Lesson(WANDERING, plain=True, steadfast=True, variety=Variety.CLAIMS),
    "talks": Lesson(TALKS, plain=True, steadfast=True, variety=Variety.TALKS),
}
"""What the text consists of, lesson by lesson.

First to look back, then to read: which letter, which option, whom one plays; then what that group says and others do
not, and how many of it say so. In the whole mixture these are few, and a small model finds them late. Then, at a lower
rate, above all how many; at last to hold one's ground, in many words, against claims, where an argument wanders, and
in whole talks.
"""


def documents(seed: int, survey: Survey | None = None, lesson: str = "people") -> Iterator[Document]:
    """Yield documents of a lesson without end; the same for the same seed. `survey` is the built-in one if left out."""
    writer = Writer(survey or load_survey("civic").survey, seed, LESSONS[lesson])
    while True:
        yield writer.document()


def main() -> None:
    """Print samples."""
    parser = argparse.ArgumentParser(description="Print samples of the pocket model's training text.")
    parser.add_argument("--show", type=int, default=10, metavar="N", help="how many documents (default: 10)")
    parser.add_argument("--seed", type=int, default=0, help="which text (default: 0)")
    arguments = parser.parse_args()
    for _, document in zip(range(arguments.show), documents(arguments.seed), strict=False):
        print("=" * 80)
        for turn in document.turns:
            print(f"[{turn.role}] {turn.text}")


if __name__ == "__main__":
    main()
