"""Writes the documents of the training text: conversations and survey answers of synthetic people, kind by kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from eval.expression.rendering import ordered_options
from eval.surveys.model import Survey
from pocket import (
    answers,
    copying,
    follow_ups,
    identity,
    lettering,
    limits,
    own_life,
    reading,
    smalltalk,
    unknown,
    views,
)
from pocket.cast import Role, draw_role
from pocket.dialogue import begin, close, converse, follow_up, refer_back
from pocket.document import Document, Turn
from pocket.ground import argument, interview, near_topics, unreadable
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.talk import Talk, Variety
from pocket.topics import TOPICS, Topic

VIEW_WEIGHT = 8.0
"""With less, the letters of the survey's answers drown whatever a view is about."""
TALK_WEIGHT = 3.0
"""The same for conversations, which have many more tokens than a view."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a part of the text consists of.

    Attributes:
        mixture: kinds of documents, and in what proportion.
        plain: conversations are plain (see `Talk`). Else, a model that learns to look back copies more.
        steadfast: those who say what sets their group apart never waver; see `Respondent`.
        variety: in how many ways users say things.
    """

    mixture: "Mixture"
    plain: bool = False
    steadfast: bool = False
    variety: Variety = Variety.FIXED


class Writer:
    """Writes documents of every kind for one survey and one seed, in the proportions of a lesson."""

    def __init__(self, survey: Survey, seed: int, lesson: Lesson) -> None:
        self._kinds, self._weights = zip(*lesson.mixture, strict=True)
        self._lesson = lesson
        self.panel = Panel(survey)
        self.rng = Random(seed)
        self._keys = tuple(self.panel.questions)
        asked = [trained.question for trained in self.panel.questions.values()]
        self._phrases = tuple(sorted({text for question in asked for text in ordered_options(question, "survey")}))
        texts = (*self._phrases, *(question.stem for question in asked))
        self._words = tuple(sorted({word for text in texts for word in text.split()}))
        self._phases: dict[tuple[object, str], float] = {}

    def document(self) -> Document:
        """Return the next document: a role is drawn, then what is done with it."""
        role = draw_role(self.rng)
        kind = self.rng.choices(self._kinds, self._weights)[0]
        turns = kind(self, role)
        if role.prompt and kind not in _NOBODYS:
            turns.insert(0, Turn("system", role.prompt, answers.PROMPT_WEIGHT))
        return Document(tuple(turns))

    def _person(self, role: Role) -> Respondent:
        return Respondent(self.panel, self.panel.crowd(role.groups), self.rng)

    def _telling(self, role: Role) -> Respondent:
        draw = Respondent.steadfast if self._lesson.steadfast else Respondent.telling
        return draw(self.panel, self.panel.crowd(role.groups), self.rng)

    def _begin(self, role: Role, person: Respondent) -> Talk:
        talk = begin(role, person, self.rng, plain=self._lesson.plain)
        talk.variety = self._lesson.variety
        return talk

    def _first_answer(self, role: Role) -> tuple[Respondent, str]:
        """Return a person and a question.

        Over the documents, a group's people cover its distribution of every question evenly.
        """
        key = self.rng.choice(self._keys)
        crowd = self.panel.crowd(role.groups)
        phase = self._phases.get((role.groups, key))
        u = self.rng.random() if phase is None else (phase + _GOLDEN) % 1.0
        self._phases[role.groups, key] = u
        return Respondent.anchored(self.panel, crowd, key, u, self.rng), key

    def _probe(self, person: Respondent, key: str) -> tuple[Turn, Turn]:
        chance = self.rng.random()
        if chance < 0.12:
            return reading.reading_probe(person, self.rng)
        if chance < 0.2:
            return reading.reworded_probe(self.panel, person, key, self.rng)
        return answers.probe(self.panel, person, key, self.rng)

    def one_probe(self, role: Role) -> list[Turn]:
        """A survey question as the very first turn, put to several people alike."""
        person, key = self._first_answer(role)
        return [*answers.crowd_probe(self.panel, person, key, self.rng)]

    def telling_probe(self, role: Role) -> list[Turn]:
        """A survey question as the very first turn, and the answer that sets the group apart."""
        person, key = self._first_answer(role)
        return [*answers.telling_probe(self.panel, person, key, self.rng)]

    def telling_conversation(self, role: Role) -> list[Turn]:
        """A short conversation with somebody who thinks in all what sets the group apart."""
        talk = self._begin(role, self._telling(role))
        converse(self.panel, talk, self.rng.choice((1, 1, 2, 3)))
        return talk.turns

    def telling_view(self, role: Role) -> list[Turn]:
        """A question about one topic as the very first turn, and the view that sets the group apart."""
        return self._view(role, self._telling(role))

    def view(self, role: Role) -> list[Turn]:
        """A question about one topic as the very first turn, and a person's view of it."""
        return self._view(role, self._person(role))

    def _view(self, role: Role, person: Respondent) -> list[Turn]:
        talk = self._begin(role, person)
        views.give_view(talk, self.rng.choice(TOPICS))
        return _weighed(talk.turns, VIEW_WEIGHT)

    def aside(self, role: Role) -> list[Turn]:
        """One to three turns that are no question about a topic: often a thing that nobody here knows about."""
        talk = self._begin(role, self._person(role))
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            if self.rng.random() < 0.55:
                limits.admit_not_knowing(talk)
            else:
                self.rng.choice((smalltalk.greet, smalltalk.accept_thanks, smalltalk.part, *smalltalk.LIFE))(talk)
        return _weighed(talk.turns, VIEW_WEIGHT)

    def about_itself(self, role: Role) -> list[Turn]:
        """Who the persona is, now and then after a greeting or before a question about its life."""
        talk = self._begin(role, self._person(role))
        if self.rng.random() < 0.25:
            smalltalk.greet(talk)
        own_life.introduce(talk)
        if self.rng.random() < 0.3:
            self.rng.choice(own_life.DETAILS)(talk)
        return _weighed(talk.turns, VIEW_WEIGHT)

    def other_side(self, role: Role) -> list[Turn]:
        """A view, often asked on about, and at last what speaks for the other side."""
        talk = self._begin(role, self._telling(role))
        views.give_view(talk, self.rng.choice(TOPICS))
        (position,) = talk.positions.values()
        if self.rng.random() < 0.6:
            follow_up(talk, position)
        told = len(talk.turns)
        moves = (follow_ups.say_what_would_change_it, follow_ups.say_what_would_change_it, follow_ups.respect_others)
        self.rng.choice(moves)(talk, position)
        return [*talk.turns[:told], *_weighed(talk.turns[told:], VIEW_WEIGHT)]

    def referring_back(self, role: Role) -> list[Turn]:
        """Views on one to three topics, what is asked on about them, and at last a question that refers back."""
        talk = self._begin(role, self._person(role))
        for topic in self.rng.sample(TOPICS, self.rng.choice((1, 1, 2, 3))):
            views.give_view(talk, topic, follows=bool(talk.turns))
            for _ in range(self.rng.choice((0, 0, 1, 2))):
                follow_up(talk, talk.positions[topic.name])
        told = len(talk.turns)
        refer_back(talk)
        return [*talk.turns[:told], *_weighed(talk.turns[told:], VIEW_WEIGHT)]

    def several_probes(self, role: Role) -> list[Turn]:
        """Several survey questions in a row, answered by the same person."""
        person, key = self._first_answer(role)
        turns = [*answers.crowd_probe(self.panel, person, key, self.rng)]
        for other in self.rng.sample([one for one in self._keys if one != key], self.rng.choice((2, 3, 4, 6, 8))):
            turns += self._probe(person, other)
        return turns

    def exercises(self, role: Role) -> list[Turn]:
        """One to three exercises on what a letter stands for."""
        keys = self.rng.sample(self._keys, self.rng.choice((1, 2, 3)))
        tasks = (lettering.which_letter, lettering.letter_of_a_statement, lettering.letter_of_a_statement)
        return [turn for key in keys for turn in self.rng.choice(tasks)(self.panel, key, self.rng)]

    def passage(self, role: Role) -> list[Turn]:
        """Words to be repeated."""
        things = [unknown.unknown_thing(self.rng) for _ in range(copying.PASSAGE_WORDS[1])]
        return copying.passage(self.rng.choice((self._words, things)), self.rng)

    def lettered_list(self, role: Role) -> list[Turn]:
        """A lettered list, of whole answers or of words, and short questions about it."""
        return copying.lettered_list(self.rng.choice((self._phrases, self._words)), self.rng)

    def drill(self, role: Role) -> list[Turn]:
        """Letters and options of one question, back and forth."""
        return lettering.drill(self.panel, self.rng.choice(self._keys), self.rng)

    def own_groups(self, role: Role) -> list[Turn]:
        """One to three questions about who this person is; a survey question where nobody in particular speaks."""
        if not role.groups:
            return self.one_probe(role)
        return [turn for _ in range(self.rng.choice((1, 2, 3))) for turn in identity.own_group(role.groups, self.rng)]

    def words_and_letter(self, role: Role) -> list[Turn]:
        """A survey question answered twice by the same person: in words and as a letter."""
        person, key = self._first_answer(role)
        pair = self.rng.choice((lettering.words_then_letter, lettering.letter_then_words))
        return pair(self.panel, person, key, self.rng)

    def reading(self, role: Role) -> list[Turn]:
        """Questions in words of their own, a few in a row."""
        person = self._person(role)
        turns: list[Turn] = []
        for key in self.rng.sample(self._keys, self.rng.choice((1, 2, 3))):
            use_stances = self.rng.random() < 0.65
            turns += (
                reading.reading_probe(person, self.rng)
                if use_stances
                else reading.reworded_probe(self.panel, person, key, self.rng)
            )
        return turns

    def conversation(self, role: Role) -> list[Turn]:
        """A conversation in prose, from one exchange to a dozen."""
        talk = self._begin(role, self._person(role))
        converse(self.panel, talk, self.rng.choice((1, 1, 2, 3, 4, 5, 6, 8, 10, 12)))
        if self.rng.random() < 0.15:
            close(talk)
        return _weighed(talk.turns, TALK_WEIGHT)

    def long_conversation(self, role: Role) -> list[Turn]:
        """A conversation that fills most of the context."""
        talk = self._begin(role, self._person(role))
        converse(self.panel, talk, self.rng.randint(16, 48))
        return talk.turns

    def probes_after_conversation(self, role: Role) -> list[Turn]:
        """A conversation of one to six exchanges, then questions, half of them on what was talked about."""
        talk = self._begin(role, self._person(role))
        converse(self.panel, talk, self.rng.randint(1, 6))
        discussed = [key for position in talk.positions.values() for key in position.topic.statements]
        for _ in range(self.rng.choice((1, 2, 3, 4))):
            near = discussed and self.rng.random() < 0.5
            talk.turns += self._probe(talk.person, self.rng.choice(discussed if near else self._keys))
        return talk.turns

    def sequence(self, role: Role) -> list[Turn]:
        """Thirty people's answers in one reply."""
        return [*answers.sequence(self.panel, self.panel.crowd(role.groups), self.rng.choice(self._keys), self.rng)]

    def verbalized(self, role: Role) -> list[Turn]:
        """Shares among a hundred people, in JSON."""
        return [*answers.verbalized(self.panel, self.panel.crowd(role.groups), self.rng.choice(self._keys), self.rng)]

    def open_ended(self, role: Role) -> list[Turn]:
        """One to three survey questions answered in words."""
        person = self._person(role)
        keys = self.rng.sample(self._keys, self.rng.choice((1, 2, 3)))
        return [turn for key in keys for turn in answers.open_ended(self.panel, person, key, self.rng)]

    def argument(self, role: Role) -> list[Turn]:
        """A view or a claim, and up to ten rounds of argument about it; then perhaps another topic."""
        talk = self._begin(role, self._telling(role))
        for topic in self.rng.sample(TOPICS, self.rng.choice((1, 1, 1, 2))):
            self._open(talk, topic)
            argument.argue(talk, talk.positions[topic.name], self.rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 10)))
        return _weighed(talk.turns, TALK_WEIGHT)

    def claim(self, role: Role) -> list[Turn]:
        """A claim about a topic as the very first turn, sometimes argued about."""
        talk = self._begin(role, self._telling(role))
        topic = self.rng.choice(TOPICS)
        argument.meet_claim(talk, topic)
        argument.argue(talk, talk.positions[topic.name], self.rng.choice((0, 0, 0, 1)))
        return _weighed(talk.turns, TALK_WEIGHT)

    def topic_after_topic(self, role: Role) -> list[Turn]:
        """One topic after the other, each only named; in between an argument, a matter that no topic covers, a life."""
        talk = self._begin(role, self._telling(role))
        for topic in self.rng.sample(TOPICS, self.rng.choice((2, 3, 4, 5, 6))):
            if talk.turns:
                argument.follow_on(talk, topic)
            else:
                self._open(talk, topic)
            chance = self.rng.random()
            if chance < 0.4:
                argument.argue(talk, talk.positions[topic.name], self.rng.choice((1, 1, 2)))
            elif chance < 0.65:
                near_topics.decline_matter(talk)
            elif chance < 0.75:
                interview.interview(talk, self.panel, 1)
        if self.rng.random() < 0.4:
            refer_back(talk)
        return _weighed(talk.turns, TALK_WEIGHT)

    def wandering(self, role: Role) -> list[Turn]:
        """An argument that does not keep to one topic: claims about others and about what none covers, and a life."""
        talk = self._begin(role, self._telling(role))
        for _ in range(self.rng.choice((2, 3, 4, 5, 6, 8, 10))):
            topic, chance = self.rng.choice(TOPICS), self.rng.random()
            if chance < 0.38 or not talk.turns:
                argument.turn_to(talk, topic)
            elif chance < 0.5 and talk.current is not None:
                argument.argue(talk, talk.current, 1)
            elif chance < 0.6:
                argument.turn_to(talk, self.rng.choice([one.topic for one in talk.positions.values()] or [topic]))
            elif chance < 0.82:
                near_topics.decline_claim(talk)
            elif chance < 0.88:
                argument.insist(talk, topic)
            else:
                interview.interview(talk, self.panel, self.rng.choice((1, 1, 2)))
                talk.current = None
        return _weighed(talk.turns, TALK_WEIGHT)

    def whole_talk(self, role: Role) -> list[Turn]:
        """A talk from a greeting to a goodbye in which the user changes the subject without a word of warning."""
        talk = self._begin(role, self._telling(role))
        if self.rng.random() < 0.4:
            smalltalk.greet(talk)
        for _ in range(self.rng.choice((2, 3, 4, 5, 6, 8, 10))):
            self._go_on(talk)
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            close(talk)
        return _weighed(talk.turns, TALK_WEIGHT)

    def _go_on(self, talk: Talk) -> None:
        """Add the next move of a whole talk: above all, something about the topic that is under discussion."""
        topic, chance = self.rng.choice(TOPICS), self.rng.random()
        if chance < 0.3 and talk.current is not None:
            argument.argue(talk, talk.current, self.rng.choice((1, 1, 2)))
        elif chance < 0.38 and talk.current is not None:
            follow_up(talk, talk.current)
        elif chance < 0.5:
            argument.follow_on(talk, topic)
        elif chance < 0.6:
            self._open(talk, topic)
        elif chance < 0.74:
            near_topics.decline_matter(talk)
        elif chance < 0.77:
            near_topics.decline_claim(talk)
        elif chance < 0.93:
            interview.interview(talk, self.panel, self.rng.choice((1, 1, 2, 3)))
            talk.current = None
        elif chance < 0.97 or not talk.positions:
            smalltalk.accept_thanks(talk)
        else:
            refer_back(talk)

    def probes_after_argument(self, role: Role) -> list[Turn]:
        """An argument, sometimes with something unreadable in it, then questions: its group answers as ever."""
        talk = self._begin(role, self._telling(role))
        topic = self.rng.choice(TOPICS)
        self._open(talk, topic)
        argument.argue(talk, talk.positions[topic.name], self.rng.choice((1, 2, 3)))
        if self.rng.random() < 0.3:
            unreadable.meet_unreadable(talk)
        turns = talk.turns
        for key in self.rng.sample(self._keys, self.rng.choice((1, 1, 2))):
            turns += answers.crowd_probe(self.panel, self._person(role), key, self.rng)
        return turns

    def near_topics(self, role: Role) -> list[Turn]:
        """One to four questions in the same words about matters that no topic covers, and about topics."""
        talk = self._begin(role, self._telling(role))
        if self.rng.random() < 0.3:
            topic = self.rng.choice(TOPICS)
            self._open(talk, topic)
            argument.argue(talk, talk.positions[topic.name], self.rng.choice((0, 1)))
        for _ in range(self.rng.choice((1, 1, 2, 3, 5))):
            if self.rng.random() < 0.6:
                near_topics.decline_matter(talk)
            else:
                near_topics.know_topic(talk, self.rng.choice(TOPICS))
        return _weighed(talk.turns, VIEW_WEIGHT)

    def interview(self, role: Role) -> list[Turn]:
        """One to ten questions about the persona's life."""
        talk = self._begin(role, self._telling(role))
        interview.interview(talk, self.panel, self.rng.choice((1, 2, 3, 4, 6, 8, 10)))
        return _weighed(talk.turns, VIEW_WEIGHT)

    def unreadable(self, role: Role) -> list[Turn]:
        """Something other than a short message in English, often within a conversation that goes on after it."""
        talk = self._begin(role, self._telling(role))
        topics = self.rng.sample(TOPICS, 2)
        if self.rng.random() < 0.4:
            self._open(talk, topics[0])
        for _ in range(self.rng.choice((1, 1, 2))):
            self.rng.choices((unreadable.meet_unreadable, unreadable.meet_mumbling), (4, 1))[0](talk)
        if self.rng.random() < 0.6:
            self._open(talk, topics[1])
            argument.argue(talk, talk.positions[topics[1].name], self.rng.choice((0, 0, 1, 2)))
        return _weighed(talk.turns, TALK_WEIGHT)

    def _open(self, talk: Talk, topic: Topic) -> None:
        chance = self.rng.random()
        if chance < 0.3:
            argument.meet_claim(talk, topic)
        elif chance < 0.5:
            near_topics.know_topic(talk, topic)
        else:
            views.give_view(talk, topic, follows=bool(talk.turns))

    def few_shot(self, role: Role) -> list[Turn]:
        """A question after other people's answers to others; often without a steering prompt."""
        keys = self.rng.sample(self._keys, self.rng.choice((3, 4, 6, 8)) + 1)
        return [*answers.few_shot(self.panel, self._person(role), keys, self.rng)]


def _weighed(turns: list[Turn], weight: float) -> list[Turn]:
    return [replace(turn, weight=weight) if turn.role == "assistant" else turn for turn in turns]


Kind = Callable[[Writer, Role], list[Turn]]
Mixture = tuple[tuple[Kind, float], ...]

_NOBODYS = frozenset({Writer.passage, Writer.lettered_list})
