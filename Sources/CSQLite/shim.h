// The door to SQLite, and what Swift cannot import of it: constants that are made by shifts or by a
// cast of a function pointer, and a function with a variable number of arguments.
#pragma once
#include <sqlite3.h>

static const int seal_sqlite_unique = SQLITE_CONSTRAINT_UNIQUE;
static const int seal_sqlite_primary_key = SQLITE_CONSTRAINT_PRIMARYKEY;
static const int seal_sqlite_foreign_key = SQLITE_CONSTRAINT_FOREIGNKEY;

// Binds a copy of the text; no pointer is an empty text, not NULL.
static inline int seal_sqlite_bind_text(
    sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 count
) {
    return sqlite3_bind_text64(
        statement, index, text ? text : "", count, SQLITE_TRANSIENT, SQLITE_UTF8
    );
}

// Binds a copy of the bytes; no pointer is an empty blob, not NULL.
static inline int seal_sqlite_bind_blob(
    sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count
) {
    if (!bytes) return sqlite3_bind_zeroblob(statement, index, 0);
    return sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_TRANSIENT);
}

// Statements cannot damage the file, and the schema of a file that somebody else wrote cannot call
// functions with effects.
static inline int seal_sqlite_harden(sqlite3 *database) {
    int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
    if (code != SQLITE_OK) return code;
    return sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
}
