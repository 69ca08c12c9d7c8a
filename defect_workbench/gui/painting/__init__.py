"""Drawing of images and of what lies over them."""
