-- Where the migrations record themselves. Safe to rerun: nothing happens where it exists.
create schema if not exists ops
