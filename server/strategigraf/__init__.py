"""Strategigraf: a knowledge graph and query service for Danish digital strategies."""
