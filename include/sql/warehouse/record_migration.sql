-- A migration that was applied in this transaction. Parameters: number, name, sha256.
insert into ops.migration (number, name, sha256)
values (%(number)s, %(name)s, %(sha256)s)
