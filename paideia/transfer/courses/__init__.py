"""Courses that a reader handed over, written as ours."""

from .articles import articles_job
from .job import markdown_job, olx_job

__all__ = ["articles_job", "markdown_job", "olx_job"]
