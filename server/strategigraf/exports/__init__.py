"""Answers as files: rows in, bytes or text out. Nothing here knows the store or the web."""
