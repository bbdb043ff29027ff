"""Exports of whole tables that land in S3 as operations on a stream: what changed since last time.

Extract: the files of an export become one snapshot, read once, with a digest beside each row.
Transform: the snapshot is compared with that of the version that was published last, and what
differs is cut into parts. Load: parts are published side by side, and then the version's end.
"""
