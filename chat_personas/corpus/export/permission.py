"""Who leaves the corpus: the one place that decides which conversations and participations an export may hold.

A participation may leave if its participant agreed to the study, for the scope that is asked for or more, and has not
withdrawn. Tests never leave. A fork of a participant's conversation never leaves, because somebody else spoke in it,
too. A conversation that belongs to no participation was had by the owner of the corpus, and leaves only if that is
asked for.
"""

import sqlite3
from dataclasses import dataclass, replace

from chat_personas.corpus.conversations import Condition, Selection
from chat_personas.corpus.study_rows import SCOPES, Scope

_AGREED = """EXISTS (
    SELECT 1 FROM consents
    WHERE consents.participant_id = {person} AND {study} consents.withdrawn_at IS NULL AND consents.scope IN ({scopes})
)"""
_PRESENT = """EXISTS (
    SELECT 1 FROM participants WHERE participants.id = {person} AND test = 0 AND participants.withdrawn_at IS NULL
)"""


def participations(selection: Selection) -> Condition:
    """Return the condition on a table `participations`: those that the selection chooses and that may leave.

    One that has a conversation is chosen by it.
    """
    may_leave, scopes = _may_leave(selection.scope)
    chosen, values = selection.where()
    has_chosen = f"""EXISTS (
        SELECT 1 FROM study_conversations JOIN conversations ON conversations.id = conversation_id
        WHERE participation_id = participations.id AND NOT fork AND {chosen}
    )"""  # noqa: S608
    without, others = selection.where_no_conversation()
    return f"({may_leave} AND ({has_chosen} OR ({without})))", [*scopes, *values, *others]


def _may_leave(scope: Scope | None) -> Condition:
    """Return the condition on a table `participations`: those that may leave with this scope of consent."""
    agreed, scopes = _agreed(
        "participations.participant_id", "consents.study_sha256 = participations.study_sha256 AND", scope
    )
    present = _PRESENT.format(person="participations.participant_id")
    return f"(participations.status <> 'withdrawn' AND {present} AND {agreed})", scopes


def raters(scope: Scope | None) -> Condition:
    """Return the condition on a table `ratings`: of the owner, or of participants who agreed to this in any study."""
    agreed, scopes = _agreed("ratings.rater", "", scope)
    return f"(ratings.rater IS NULL OR ({_PRESENT.format(person='ratings.rater')} AND {agreed}))", scopes


def conversations(selection: Selection) -> Condition:
    """Return the condition on a table `conversations`: those that the selection chooses and that may leave."""
    chosen, values = selection.where()
    may_leave, scopes = _may_leave(selection.scope)
    of_participants = f"""EXISTS (
        SELECT 1 FROM study_conversations JOIN participations ON participations.id = participation_id
        WHERE conversation_id = conversations.id AND NOT fork AND {may_leave}
    )"""  # noqa: S608
    allowed = f"({_OWN} OR {of_participants})" if selection.own else of_participants
    fits = "" if selection.quoting else f" AND NOT {_QUOTING}"
    return f"({chosen}) AND {allowed}{fits}", [*values, *scopes]


_OWN = "NOT EXISTS (SELECT 1 FROM study_conversations WHERE conversation_id = conversations.id)"

_QUOTING = """EXISTS (
    SELECT 1 FROM messages WHERE messages.conversation_id = conversations.id AND messages.quotes IS NOT NULL
)"""


def _agreed(person: str, study: str, scope: Scope | None) -> Condition:
    enough = () if scope is None else SCOPES[SCOPES.index(scope) :]
    return _AGREED.format(person=person, study=study, scopes=", ".join("?" for _ in enough)), list(enough)


@dataclass(frozen=True, slots=True)
class Withheld:
    """How many of the chosen conversations may leave; how many of the owner's and of participants' may not.

    `participations` is how many participations leave, with a conversation or without; `silent` is how many of those
    without may not. `quoting` is how many conversations may leave, but not in this format: sides of debates.
    """

    leaving: int
    own: int
    of_participants: int
    participations: int
    silent: int
    quoting: int = 0


def withheld(connection: sqlite3.Connection, selection: Selection) -> Withheld:
    """Count what may leave of what a selection chooses, and what may not."""
    chosen, values = selection.where()
    allowed, all_values = conversations(replace(selection, quoting=True))
    unfit = "0" if selection.quoting else _QUOTING
    sql = f"""
        SELECT coalesce(sum(allowed AND NOT unfit), 0), coalesce(sum(NOT allowed AND own), 0),
               coalesce(sum(NOT allowed AND NOT own), 0), coalesce(sum(allowed AND unfit), 0)
        FROM (SELECT {allowed} AS allowed, {_OWN} AS own, {unfit} AS unfit FROM conversations WHERE {chosen})
        """  # noqa: S608
    leaving, own, of_participants, quoting = connection.execute(sql, [*all_values, *values]).fetchone()
    chosen, values = participations(selection)
    (ways,) = connection.execute(f"SELECT count(*) FROM participations WHERE {chosen}", values).fetchone()  # noqa: S608
    may_leave, scopes = _may_leave(selection.scope)
    chosen, values = selection.where_no_conversation()
    sql = f"SELECT count(*) FROM participations WHERE {chosen} AND NOT {may_leave}"  # noqa: S608
    (silent,) = connection.execute(sql, [*values, *scopes]).fetchone()
    return Withheld(leaving, own, of_participants, ways, silent, quoting)
