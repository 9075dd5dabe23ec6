"""How programs fetch an address of ours: the same call in the languages that people ask from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """A piece of code: the tool that runs it (also the key of its heading), and the text."""

    tool: str
    code: str


def table(address: str) -> tuple[Sample, ...]:
    """Fetch a table as CSV. ``address`` is that of a CSV file, as ``urlencode`` writes it, so it holds no quotes."""
    return (
        Sample("curl", f"curl -o svar.csv '{address}'"),
        Sample("pandas", f'import pandas as pd\n\nrows = pd.read_csv("{address}", dtype=str)\nprint(rows.head())'),
        Sample("R", f'rows <- read.csv("{address}", encoding = "UTF-8", colClasses = "character")\nhead(rows)'),
        Sample(
            "JavaScript",
            f'const answer = await fetch("{_json(address)}");\nconst {{ total, items }} = await answer.json();\n'
            "console.log(total, items[0]);",
        ),
        Sample(
            "Excel",
            f'let\n    Source = Csv.Document(Web.Contents("{address}"), [Delimiter = ",", Encoding = 65001]),\n'
            "    Rows = Table.PromoteHeaders(Source, [PromoteAllScalars = true])\nin\n    Rows",
        ),
    )


def graph(address: str) -> tuple[Sample, ...]:
    """Fetch RDF; ``address`` is that of a thing without a file ending."""
    return (
        Sample("curl", f"curl -L -H 'Accept: text/turtle' '{address}'"),
        Sample(
            "rdflib",
            f'from rdflib import Graph\n\ngraph = Graph().parse("{address}.ttl")\n'
            "for subject, predicate, value in graph:\n    print(subject, predicate, value)",
        ),
    )


def sparql(endpoint: str, query: str) -> tuple[Sample, ...]:
    """Ask the endpoint; ``query`` is a SELECT without triple quotes."""
    quoted = query.rstrip().replace("\\", "\\\\")
    return (
        Sample("curl", f"curl -H 'Accept: text/csv' --data-urlencode 'query={query.rstrip()}' '{endpoint}'"),
        Sample(
            "SPARQLWrapper",
            f'from SPARQLWrapper import JSON, SPARQLWrapper\n\nendpoint = SPARQLWrapper("{endpoint}")\n'
            f'endpoint.setReturnFormat(JSON)\nendpoint.setQuery("""{quoted}""")\n'
            'for row in endpoint.query().convert()["results"]["bindings"]:\n'
            '    print({name: term["value"] for name, term in row.items()})',
        ),
        Sample(
            "rdflib",
            "from rdflib import Graph\nfrom rdflib.plugins.stores.sparqlstore import SPARQLStore\n\n"
            f'graph = Graph(SPARQLStore("{endpoint}", method="POST"))\n'
            f'for row in graph.query("""{quoted}"""):\n    print(row.asdict())',
        ),
        Sample(
            "pandas",
            "from urllib.parse import urlencode\n\nimport pandas as pd\n\n"
            f'query = """{quoted}"""\n'
            f'rows = pd.read_csv("{endpoint}?" + urlencode({{"query": query, "format": "csv"}}), dtype=str)\n'
            "print(rows)",
        ),
        Sample(
            "R",
            f"query <- '{_single(query)}'\n"
            f'rows <- read.csv(paste0("{endpoint}?format=csv&query=", URLencode(query, reserved = TRUE)), '
            'encoding = "UTF-8")\nprint(rows)',
        ),
        Sample(
            "JavaScript",
            f"const query = `{query.rstrip()}`;\n"
            f'const answer = await fetch("{endpoint}", {{\n'
            '  method: "POST",\n'
            '  headers: { Accept: "application/sparql-results+json" },\n'
            "  body: new URLSearchParams({ query }),\n});\n"
            "const { results } = await answer.json();\nconsole.log(results.bindings);",
        ),
        Sample(
            "Excel",
            f'let\n    Query = "{_lines(query)}",\n'
            f'    Source = Csv.Document(Web.Contents("{endpoint}", '
            '[Query = [query = Query, format = "csv"]]), [Delimiter = ",", Encoding = 65001]),\n'
            "    Rows = Table.PromoteHeaders(Source, [PromoteAllScalars = true])\nin\n    Rows",
        ),
    )


def _json(address: str) -> str:
    return address.replace(".csv", ".json", 1)


def _single(query: str) -> str:
    """A text for single quotes in R."""
    return query.rstrip().replace("\\", "\\\\").replace("'", "\\'")


def _lines(query: str) -> str:
    """A text for a literal of Power Query M, on one line."""
    return query.rstrip().replace('"', '""').replace("\n", "#(lf)")
