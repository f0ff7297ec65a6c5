-- +goose Up
alter table parent add column note text not null default '';
