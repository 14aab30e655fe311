"""How numbers are written on the screen."""


def two(value: float | None) -> str:
    """Write a figure between 0 and 1 with two decimals; an em dash where there is none."""
    return "—" if value is None else f"{value:.2f}"


def with_interval(mean: float | None, low: float | None, high: float | None) -> str:
    """Write a score and its 95% interval: `0.84 [0.80, 0.88]`, or the score alone where there is no interval."""
    if mean is None or low is None or high is None:
        return two(mean)
    return f"{two(mean)} [{two(low)}, {two(high)}]"
