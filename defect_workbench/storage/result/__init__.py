"""Result folders: labelled images, manifest, annotations, receipt."""
