#include <sqlite3.h>

/* SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import. */
static inline int londi_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}
static inline int londi_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length) {
    return length == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                       : sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}
/* Variadic, which Swift does not import. */
static inline int londi_no_checkpoint_on_close(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
/* SQLite counts its memory under one lock for all threads, for statistics that nobody reads. Before the first
   connection; sqlite3_config takes a variable number of arguments, which Swift cannot call. */
static inline int londi_configure(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
