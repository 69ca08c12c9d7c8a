# %% [markdown]
# # Group a folder of defect images
#
# From a folder to labelled folders, on the built-in sample set. Use the name of your own folder instead of
# `sample_folder()`. Each `# %%` begins a cell: Jupyter (with Jupytext), VS Code, Spyder and PyCharm open this
# file as a notebook, and `python group_a_folder.py` runs it. docs/notebook.md explains each step.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from defect_workbench.engine import (
    DefectClusters,
    FusionVectors,
    cluster,
    cut,
    export,
    extract,
    outliers,
    plot_contact_sheet,
    plot_dendrogram,
    sample_folder,
)

# %% Features: computed once, then read from the feature store
features = extract(sample_folder())
print(features)

# %% Clusters: a tree, and where to cut it
clustering = cluster(features)
for suggestion in clustering.suggested_cuts:
    print(f"{suggestion.clusters} clusters: {suggestion.why}")

# %% The dendrogram with the best suggested cut
plot_dendrogram(clustering)
plt.show()

# %% Labels: at the best suggested cut, at a number of clusters, or at a merge height
labels = cut(clustering)
seven = cut(clustering, clusters=7)
same = cut(clustering, height=clustering.suggested_cuts[0].height)
assert np.array_equal(labels, same)
print(np.bincount(labels[labels >= 0]), "images per cluster,", (labels == -1).sum(), "outliers")

# %% The images that resemble no others, the strangest first
strange = outliers(clustering)
for i in np.argsort(-strange.scores)[:5]:
    print(f"{clustering.paths[i]}: score {strange.scores[i]:.2f}")

# %% The typical images of each cluster
plot_contact_sheet(clustering, labels)
plt.show()

# %% All images of one cluster
plot_contact_sheet(clustering, labels, cluster=0)
plt.show()

# %% Labelled folders, with a session that opens in the window
if not Path("groups").exists():
    export(clustering, "groups", labels, names={0: "largest"})

# %% The same steps as scikit-learn estimators: learn from half of the images, describe the others alike
files = [features.folder / path for path in features.paths]
vectors = FusionVectors().fit(files[::2])
model = DefectClusters(n_clusters=7).fit(vectors.transform(files[1::2]))
print(model.n_clusters_, "clusters,", (model.labels_ == -1).sum(), "outliers")
