"""Comparison of reviews with a real kube-apiserver; opt-in, `pytest -m kube_apiserver`.

Needs `etcd` on the PATH and the path of a kube-apiserver in FAIRLEAD_KUBE_APISERVER; see
docs/validation.md for how to build one.
"""
