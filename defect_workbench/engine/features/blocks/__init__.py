"""One module per feature block; `engine.features.registry` lists them."""
