"""The Classify tab: figures that lead to images, and stages in a form."""
