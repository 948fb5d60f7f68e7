"""Parses all SQL that is sent to Redshift with sqlglot's dialect of it.

    python check_redshift.py FILE.sql…

There is no Redshift to try the statements on, so each must be one that sqlglot
understands as a whole, must keep what sqlglot read when it is written again (keys,
encodings, the options of COPY), and must hold the rules of Redshift's manual that
a parser does not know. Exit code 1 if one does not.
"""

import logging
import re
import sys
from collections import Counter
from pathlib import Path

import sqlglot
from sqlglot import exp

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # a Command is judged here, not warned of

# Statements that sqlglot has no grammar for, word for word, and why they are right all the same.
KNOWN_COMMANDS = {
    "LOCK etl.write_lock": "LOCK [TABLE] table, … is the whole of Redshift's grammar: docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html",
}

# Words that must be in a statement as often after sqlglot has read and written it.
KEPT = {"DISTSTYLE", "DISTKEY", "SORTKEY", "ENCODE", "IDENTITY", "IAM_ROLE", "PARQUET", "MANIFEST", "REGION", "DISTINCT", "MERGE", "QUALIFY"}

# What big tables are distributed by: so are the staging tables that begin with it.
KEYS_OF_STAGING = {"order_id", "customer_id"}

AGGREGATES = (exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max)


def words(text):
    return Counter(t.text.upper() for t in sqlglot.tokenize(text, read="redshift") if t.text.upper() in KEPT)


def merge_faults(merge):
    """docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html"""
    if not isinstance(merge.args["using"], exp.Table):
        yield "the source of a MERGE must be a table"
    if merge.this.alias:
        yield "the target of a MERGE has no alias"
    whens = [(bool(w.args.get("matched")), bool(w.args.get("source")), w.args.get("condition")) for w in merge.args["whens"].expressions]
    if whens != [(True, False, None), (False, False, None)]:
        yield "a MERGE has one WHEN MATCHED and then one WHEN NOT MATCHED, without conditions"
    parts = list(merge.args["on"].flatten()) if isinstance(merge.args["on"], exp.And) else [merge.args["on"]]
    for part in parts:
        equal = isinstance(part, exp.EQ) and isinstance(part.left, exp.Column) and isinstance(part.right, exp.Column)
        if not equal:
            yield f"a MERGE matches by equal columns, not by {part.sql('redshift')}"


def copy_faults(copy):
    """docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html"""
    options = {p.sql("redshift").split()[0].upper() for p in copy.args["params"]}
    if options != {"FORMAT", "MANIFEST"} or not copy.args["credentials"]:
        yield f"a COPY of Parquet has IAM_ROLE, FORMAT and MANIFEST, not {sorted(options)}"
    if not isinstance(copy.this, exp.Table):
        yield "a COPY of Parquet goes by position, without a list of columns"


def create_faults(create):
    """docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html"""
    kind, name = create.kind, create.find(exp.Table)
    properties = create.args.get("properties")
    for p in properties.expressions if properties and kind == "TABLE" else []:
        if not isinstance(p, (exp.DistStyleProperty, exp.DistKeyProperty, exp.SortKeyProperty, exp.TemporaryProperty)):
            yield f"a table of Redshift has no {p.sql('redshift')}"
    if kind == "INDEX":
        yield "Redshift has no indexes"
    temporary = create.find(exp.TemporaryProperty)
    if kind == "TABLE" and (name.db == "sales" or temporary) and not create.find(exp.DistStyleProperty, exp.DistKeyProperty):
        yield f"how is {name.name} distributed?"
    if temporary and isinstance(create.expression, exp.Select):
        yield from staging_faults(create)
    if any(t.this == exp.DataType.Type.TEXT for t in create.find_all(exp.DataType)):
        yield "TEXT is VARCHAR(256) in Redshift: say the length"


def staging_faults(create):
    """docs.aws.amazon.com/redshift/latest/dg/r_CTAS_usage_notes.html: what a CTAS inherits depends on its plan."""
    key = create.expression.selects[0].alias_or_name
    if key not in KEYS_OF_STAGING:
        return
    found = create.find(exp.DistKeyProperty)
    if not found or found.name != key:
        yield f"rows are matched by {key}, so it is their DISTKEY"
    if not create.find(exp.SortKeyProperty):
        yield "how are its rows sorted?"


def faults(statement):
    for node in statement.walk():
        match node:
            case exp.Heredoc():  # the body of a function
                for body in sqlglot.parse(node.name, read="redshift"):
                    yield from faults(body)
            case exp.Command() if node.sql("redshift") not in KNOWN_COMMANDS:
                yield "sqlglot does not understand it"
            case exp.Create():
                yield from create_faults(node)
            case exp.Merge():
                yield from merge_faults(node)
            case exp.Copy():
                yield from copy_faults(node)
            case (exp.Delete() | exp.Update()) if node.this and node.this.alias:
                yield "the target of a DELETE or UPDATE has no alias"
            case exp.Window() if isinstance(node.this, AGGREGATES) and node.args.get("order") and not node.args.get("spec"):
                yield "an aggregate with ORDER BY in a window needs a frame"
            case exp.Lateral() | exp.Filter() | exp.OnConflict() | exp.NullSafeEQ() | exp.NullSafeNEQ() | exp.GenerateSeries() | exp.Unnest():
                yield f"Redshift has no {node.key}"
            case exp.Distinct() if node.args.get("on"):
                yield "Redshift has no DISTINCT ON"
            case exp.TruncateTable():
                yield "TRUNCATE commits"
            case exp.Values() if not isinstance(node.parent, exp.Insert):
                yield "VALUES is no table"


def named(text):
    """Names the arguments of SQL functions, which Redshift takes by type alone and sqlglot does not."""
    def name(function):
        types = re.split(r",\s*(?![^()]*\))", function[2])
        return f"{function[1]}({', '.join(f'a{i} {t}' for i, t in enumerate(types))}){function[3]}"
    return re.sub(r"(CREATE FUNCTION [\w.]+)\((.*)\)( RETURNS)", name, text)


def check(text):
    """Gives (statement, fault) for each that is wrong, and the number of statements."""
    text = named(re.sub(r"/\*redshift (.*?)\*/", r"\1", text))
    statements = [s for s in sqlglot.parse(text, read="redshift") if s is not None]
    found = [(s, fault) for s in statements for fault in faults(s)]
    before, after = words(text), words(";\n".join(s.sql("redshift", comments=False) for s in statements))
    found += [(None, f"{word} is there {before[word]} times, sqlglot kept {after[word]}") for word in sorted(KEPT) if before[word] != after[word]]
    return found, len(statements)


# What must be found, so that a check that finds nothing is one that looks.
PLANTED = {
    "LOCK etl.load_ledger IN SHARE MODE": "does not understand",
    "VACUUM FULL sales.fact_sales": "does not understand",
    "MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "must be a table",
    "MERGE INTO t AS x USING s ON x.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "no alias",
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b > 1 THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "without conditions",
    "MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "one WHEN MATCHED",
    "MERGE INTO t USING s ON t.a = s.a AND t.current WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "equal columns",
    "MERGE INTO t USING s ON t.a = s.a AND t.b < s.b WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "equal columns",
    "MERGE INTO t USING s ON t.a = s.a AND t.b >= '2026-01-01' WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.a)": "equal columns",
    "COPY t FROM 's3://b/m' IAM_ROLE 'r' FORMAT AS PARQUET MANIFEST REGION 'eu-west-1'": "IAM_ROLE, FORMAT and MANIFEST",
    "COPY t (a) FROM 's3://b/m' IAM_ROLE 'r' FORMAT AS PARQUET MANIFEST": "by position",
    "DELETE FROM t AS x WHERE x.a = 1": "no alias",
    "SELECT SUM(a) OVER (ORDER BY b) FROM t": "needs a frame",
    "SELECT DISTINCT ON (a) a FROM t": "DISTINCT ON",
    "SELECT COUNT(*) FILTER (WHERE a) FROM t": "no filter",
    "SELECT a IS DISTINCT FROM b FROM t": "Redshift has no",
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING": "Redshift has no",
    "TRUNCATE TABLE t": "TRUNCATE commits",
    "CREATE TABLE sales.t (a INTEGER) DISTSTYLE ALL WITH (fillfactor = 70)": "has no",
    "CREATE TABLE sales.t (a INTEGER) SORTKEY (a)": "distributed",
    "CREATE TEMP TABLE t AS SELECT a FROM u WHERE 1 = 0": "distributed",
    "CREATE TEMP TABLE t (a INTEGER)": "distributed",
    "CREATE TEMP TABLE t DISTSTYLE ALL SORTKEY (order_id) AS SELECT order_id FROM u": "DISTKEY",
    "CREATE TEMP TABLE t DISTKEY (a) SORTKEY (a) AS SELECT customer_id, a FROM u": "DISTKEY",
    "CREATE TEMP TABLE t DISTKEY (order_id) AS SELECT order_id FROM u": "sorted",
    "CREATE TABLE sales.t (a TEXT) DISTSTYLE ALL": "say the length",
    "CREATE UNIQUE INDEX i ON t (a)": "no indexes",
    "CREATE FUNCTION f(DECIMAL(38, 2), INT) RETURNS INT IMMUTABLE AS $$ SELECT DISTINCT ON ($1) $2 FROM t $$ LANGUAGE sql": "DISTINCT ON",
    "SELECT * FROM (VALUES (1)) AS v": "no table",
}


def main(names):
    wrong = 0
    for text, want in PLANTED.items():
        messages = [fault for _, fault in check(text)[0]]
        if not any(want in m for m in messages):
            print(f"planted: {text}\n  want a fault with {want!r}, found {messages}")
            wrong += 1
    total = 0
    for name in names:
        try:
            found, count = check(Path(name).read_text())
        except sqlglot.errors.SqlglotError as error:
            found, count = [(None, str(error))], 1
        total += count
        if not count:
            found = [(None, "no statement in it")]
        for statement, fault in found:
            print(f"{name}: {fault}" + (f"\n  {statement.sql('redshift', comments=False)[:300]}" if statement else ""))
        wrong += len(found)
    if not names or wrong:
        sys.exit(f"{wrong} faults in {len(names)} files")
    print(f"Redshift: {total} statements in {len(names)} files parse as what they are (sqlglot {sqlglot.__version__})")


if __name__ == "__main__":
    main(sys.argv[1:])
