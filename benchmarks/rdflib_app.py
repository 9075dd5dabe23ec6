"""rdflib-endpoint over one file of N-Triples, named by BENCHMARK_TRIPLES; loaded by each uvicorn worker."""

from __future__ import annotations

import os

from rdflib import Graph
from rdflib_endpoint import SparqlEndpoint

app = SparqlEndpoint(graph=Graph().parse(os.environ["BENCHMARK_TRIPLES"], format="nt"))
