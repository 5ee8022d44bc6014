{{ config(schema='infile', meta={'i': 1}) }} select 1 as d
