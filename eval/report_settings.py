"""What is not the same in two reports: everything recorded that may have made their scores differ."""

from eval.paired_report import Setting
from eval.report import Report


def settings_that_differ(a: Report, b: Report) -> tuple[Setting, ...]:
    """Return what differs in persona, model, steering, expression and settings, in the order of a report's keys."""
    of_a, of_b = _settings(a), _settings(b)
    return tuple(Setting(setting=name, a=of_a[name], b=of_b[name]) for name in of_a if of_a[name] != of_b[name])


def _settings(report: Report) -> dict[str, str | None]:
    persona, model = report.persona, report.model
    groups = " and ".join(f"{group.attribute}={group.value}" for group in persona.groups) or "everyone"
    found = {
        "version": report.version,
        "persona.name": persona.name,
        "persona.sha256": persona.sha256,
        "persona.groups": groups,
        **{f"model.{name}": getattr(model, name) for name in type(model).model_fields},
        "survey.questions": report.survey.questions,
        "steering": report.steering,
        "shots": report.shots,
        "expression": report.expression,
        "replies.per_prompt": report.replies.per_prompt if report.replies else None,
        "replies.constraint": report.replies.constraint if report.replies else None,
        "judge.name": report.judge.name if report.judge else None,
        "judge.sha256": report.judge.sha256 if report.judge else None,
        "orders": " and ".join(report.orders),
        "refusals": report.refusals,
        "seed": report.seed,
        "prompt_sha256": report.prompt_sha256,
    }
    return {name: None if value is None else str(value) for name, value in found.items()}
