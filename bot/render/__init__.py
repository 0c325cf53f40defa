"""Builds roots into resources with kustomize and Helm, each run in a sandbox of its own.

Questions that this package answers: which renderers are pinned and which are installed (`tools`,
`install`), what one build runs (`renderers`), within which limits and sandbox (`run`, `launch`),
and what a renderer's error means (`stderr`).
"""
