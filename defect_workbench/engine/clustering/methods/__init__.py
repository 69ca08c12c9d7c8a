"""One module per clustering method; `engine.clustering.registry` lists them."""
