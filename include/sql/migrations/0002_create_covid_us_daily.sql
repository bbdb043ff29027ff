-- COVID-19 in the United States, one row a day.

create schema if not exists covid;

grant usage on schema covid to sluice_charts;
alter default privileges in schema covid grant select on tables to sluice_charts;

create table covid.us_daily (
    date date primary key,
    cases bigint not null,
    deaths bigint not null,
    recovered bigint
);

comment on table covid.us_daily is 'COVID-19 in the United States, cumulative, one row a day';
comment on column covid.us_daily.recovered is
'From datasets/covid-19; null until that source has the day';

select ops.watch('covid.us_daily');
