"""Tests of the quality benchmark, without network weights."""
