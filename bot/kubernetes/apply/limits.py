"""Limits of the API server on requests."""

from __future__ import annotations

from typing import Final

LARGEST_REQUEST: Final = 3 * 1024 * 1024
"""The most bytes of a request that the API server reads.

https://github.com/kubernetes/apiserver/blob/v0.37.2/pkg/server/config.go (MaxRequestBodyBytes)
"""
