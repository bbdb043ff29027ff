-- COVID-19 in the states and territories of the United States, one row a state and day.

create table covid.us_states_daily (
    date date not null,
    fips text not null,
    state text not null,
    cases bigint not null,
    deaths bigint not null,
    primary key (date, fips)
);

comment on table covid.us_states_daily is 'COVID-19 by state, cumulative, one row a state and day';
comment on column covid.us_states_daily.fips is 'FIPS code of the state, two digits, leading zero kept';

select ops.watch('covid.us_states_daily');
