"""The curves as SVG; the same figures give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

#: A curve: sizes and values, in the order of the sizes.
Curve = Sequence[tuple[float, float]]
_COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7a5195", "#8a6d3b", "#444444")


def draw(path: Path, title: str, x: str, y: str, curves: Mapping[str, Curve]) -> None:
    """Draw curves on two logarithmic axes, with the title and the axes' names; curves without points are left out."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    with mpl.rc_context({"svg.hashsalt": "strategigraf", "svg.fonttype": "none", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(6.4, 3.8), layout="constrained")
        for number, (name, curve) in enumerate((name, curve) for name, curve in curves.items() if curve):
            axes.plot(
                [point[0] for point in curve], [point[1] for point in curve],
                marker="o", markersize=3.5, linewidth=1.4, color=_COLOURS[number % len(_COLOURS)], label=name,
                linestyle="-" if number < len(_COLOURS) else "--",
            )  # fmt: skip
        axes.set(xscale="log", yscale="log", xlabel=x, ylabel=y, title=title)
        axes.grid(visible=True, which="major", linewidth=0.4, alpha=0.5)
        axes.legend(frameon=False, fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
