"""One route for both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint
from flask.typing import ResponseReturnValue

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def both(blueprint: Blueprint, *rules: str) -> Callable[[View], View]:
    """Answer GET and HEAD at each rule, and at the same rule below ``/en``."""

    def register(view: View) -> View:
        for rule in rules:
            blueprint.add_url_rule(rule, view_func=view, methods=["GET"])
            blueprint.add_url_rule(f"/en{rule}", view_func=view, methods=["GET"])
        return view

    return register
