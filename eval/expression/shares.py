"""From a number for each letter to the masses of the options, in the survey's order."""

from collections.abc import Mapping

import numpy as np

from eval.answers import OrderAnswer
from eval.rendering import Askable, Rendered


def shares(question: Askable, rendered: Rendered, by_label: Mapping[str, float]) -> OrderAnswer:
    """Return the share of each option in the numbers given to the labels (at least one above 0), matched by text.

    There is no label mass: nothing but labels was counted. Refusals alone are an answer, too.
    """
    total = sum(by_label.values())
    texts = dict(zip(rendered.probe.labels, rendered.options, strict=True))
    of_text = {text: by_label.get(label, 0) / total for label, text in texts.items()}
    options = np.array([of_text[text] for text in question.option_texts])
    return OrderAnswer(
        order=rendered.order,
        options=options,
        refusal=sum(of_text[text] for text in question.refusals),
        label_mass=None,
    )
