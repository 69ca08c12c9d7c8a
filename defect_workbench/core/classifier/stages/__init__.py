"""The kinds of stages: how a stage of a taxonomy learns and decides."""
