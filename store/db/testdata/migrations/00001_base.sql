-- +goose Up
create table parent (
    id   integer primary key,
    name text not null unique check (name <> '')
) strict;

create table item (
    id        integer primary key,
    parent    integer references parent(id) deferrable initially deferred,
    at        integer not null,
    body      any
) strict;

create table once (
    key text primary key
) strict, without rowid;
