"""Synthetic graphs of the shape of the real one, with as many municipalities as asked for.

``python -m benchmarks.generate 1000 --out FOLDER`` makes a release that ``strategigraf serve --release FOLDER`` serves.
What all municipalities share stands once; each municipality is a copy of a real one under a name, a code and words of
its own. Copies are dealt in rounds: each round has every real municipality once, in an order that the seed decides, so
that the skew is the same at every size, and the number of triples a straight line.

The lines are streamed: the memory used does not grow with the size.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.model import Model, read
from strategigraf import paths
from strategigraf.errors import NoRelease
from strategigraf.release import open_release
from strategigraf.sources import digest

#: Changed when the same model, number and seed would give other lines.
_EDITION = "2"
_FIRST = (
    "Al", "Birke", "Bjerg", "Egs", "Elle", "Eng", "Fugle", "Gran", "Grøn", "Hassel", "Hav", "Hede", "Høj", "Iben",
    "Kild", "Klit", "Krog", "Lind", "Lund", "Lyng", "Mose", "Nør", "Over", "Pile", "Ravn", "Rør", "Sand", "Skov",
    "Sø", "Sten", "Sønder", "Toft", "Trane", "Ude", "Vester", "Vand", "Øster", "Åls",
)  # fmt: skip
_LAST = (
    "borg", "bro", "by", "bæk", "drup", "gård", "holm", "husene", "høj", "inge", "lev", "lund", "løse", "mark", "næs",
    "rup", "rød", "skov", "sted", "sund", "tofte", "torp", "vad", "vig", "å",
)  # fmt: skip


@dataclass(frozen=True)
class Synthetic:
    """A graph of ``municipalities`` copies, fixed by the model, the number and the seed."""

    model: Model
    municipalities: int
    seed: int = 1

    def __post_init__(self) -> None:
        if self.municipalities < 1:
            raise ValueError(f"{self.municipalities} municipalities: ask for at least 1")

    @cached_property
    def _order(self) -> list[int]:
        order = list(range(len(self.model.templates)))
        random.Random(self.seed).shuffle(order)  # noqa: S311 (no secret)
        return order

    @cached_property
    def _place(self) -> dict[str, int]:
        """Where in a round a template's copy stands, by its code."""
        return {self.model.templates[template].code: place for place, template in enumerate(self._order)}

    def names(self, number: int) -> dict[str, str]:
        """What a municipality is called: code ``c``, slug ``s``, name ``n``, number ``i``, round ``r``."""
        chosen = random.Random(f"{self.seed} {number}")  # noqa: S311
        word = chosen.choice(_FIRST) + chosen.choice(_LAST)
        slug = word.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
        return {
            "c": f"{number:04d}",
            "s": f"{slug}-{number}",
            "n": f"{word}-{number}",
            "i": str(number),
            "r": self._round(number),
        }

    def _round(self, number: int) -> str:
        """What marks the evidence that a round's copies share; that of the first is the real one."""
        turn = (number - 1) // len(self._order)
        return f"-r{turn}" if turn else ""

    def chunks(self) -> Iterator[tuple[str, Counter[str]]]:
        """The lines of N-Quads in chunks, each with the number of its lines by graph; "" is the default graph."""
        yield self.model.base, self.model.base_counts
        size = len(self._order)
        shared: set[str] = set()
        for number in range(1, self.municipalities + 1):
            turn, place = divmod(number - 1, size)
            template = self.model.templates[self._order[place]]
            names = self.names(number)
            texts = [template.own % names]
            counts = Counter({graph % names: lines for graph, lines in template.own_counts.items()})
            if place == 0:
                shared = set()
            for key in template.shares:
                if turn and key not in shared:
                    shared.add(key)
                    text, said = self.model.rounds[key]
                    texts.append(text % names)
                    counts.update(said)
            for code, text in template.links.items():
                # The other's copy of the same round, else of the first one; without either the link falls away.
                other = turn * size + self._place[code] + 1
                if other > self.municipalities:
                    other = self._place[code] + 1
                if other <= self.municipalities:
                    there = self.names(other)
                    both = names | {"c2": there["c"], "s2": there["s"]}
                    texts.append(text % both)
                    for graph, lines in template.link_counts[code].items():
                        counts[graph % both] += lines
            yield "".join(texts), counts

    def write(self, path: Path) -> tuple[str, Counter[str]]:
        """Write the lines; returns their SHA-256 and their number by graph."""
        total: Counter[str] = Counter()
        sha = hashlib.sha256()
        with path.open("wb") as file:
            for text, counts in self.chunks():
                data = text.encode()
                file.write(data)
                sha.update(data)
                total.update(counts)
        return sha.hexdigest(), total


def release(graph: Synthetic, like: Path, out: Path) -> dict[str, Any]:
    """Make a folder that is served like a real release, from the ontology and queries of the release ``like``.

    Returns the manifest. A whole one of the same input is left as it is. Raises FileExistsError where something else
    lies at ``out``, and OSError where it cannot be written.
    """
    model = hashlib.sha256(like.joinpath("data.nq").read_bytes()).hexdigest()
    wanted = digest([("edition", _EDITION), ("model", model), ("size", f"{graph.municipalities} {graph.seed}")])
    if (out / "manifest.json").is_file():
        manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        if manifest.get("input") == wanted and (out / "data.nq").is_file():
            return manifest
        if "synthetic" not in manifest:
            raise FileExistsError(f"{out} is a release that was not generated here: give another folder")
        shutil.rmtree(out)
    elif out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: give another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".generating-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        for part in ("ontology", "queries"):
            shutil.copytree(like / part, made / part)
        sha, counts = graph.write(made / "data.nq")
        old = json.loads((like / "manifest.json").read_text(encoding="utf-8"))
        files = {name: value for name, value in old["files"].items() if name.startswith(("ontology/", "queries/"))}
        manifest = {
            "release": digest([("data", sha), *sorted(files.items())])[:16],
            "input": wanted,
            "sha256": {"data.nq": sha},
            "software": old["software"],
            "commit": None,
            "triples": counts.pop(""),
            "graphs": dict(sorted(counts.items())),
            "derived": {},
            "files": files,
            "report": {"violations": 0, "warnings": []},
            "synthetic": {"municipalities": graph.municipalities, "seed": graph.seed, "like": old["release"]},
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (made / "manifest.json").write_text(text, encoding="utf-8")
        if out.exists():
            out.rmdir()
        made.rename(out)
    return manifest


def real_release(given: Path | None = None) -> Path:
    """The folder of the release to take after: the one given, or the current one in ``build/``.

    Raises NoRelease where there is none.
    """
    return open_release(given or paths.default_build({})).folder


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("municipalities", type=int, help="how many, such as 100 or 10000")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the new release")
    parser.add_argument("--seed", type=int, default=1, help="decides order and names (default 1)")
    parser.add_argument("--like", type=Path, help="the release to take after (default: the current one in build/)")
    chosen = parser.parse_args(arguments)
    try:
        like = real_release(chosen.like)
        manifest = release(Synthetic(read(like), chosen.municipalities, chosen.seed), like, chosen.out)
    except (NoRelease, OSError, ValueError) as error:
        print(error.message.en if isinstance(error, NoRelease) else error, file=sys.stderr)
        return 2
    print(f"{chosen.out}: {manifest['triples']} triples, release {manifest['release']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
