#include "CBench.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { IS_NULL, IS_INTEGER, IS_REAL, IS_TEXT, IS_BLOB };

struct value {
    enum kind kind;
    int length;
    union {
        sqlite3_int64 integer;
        double real;
        char *bytes;
    };
};

/* One run of a statement. */
struct run {
    int text;
    int value_count;
    struct value *values;
};

struct londi_recording {
    sqlite3 *database;
    char **texts;
    int text_count;
    struct run *runs;
    size_t run_count, run_capacity;
    char failure[400];
};

struct londi_replay {
    sqlite3 *database;
    const londi_recording *recording;
    sqlite3_stmt **statements;
    size_t next;
    sqlite3_uint64 checksum;
};

static londi_recording *current;

static void *checked(void *memory) {
    if (!memory) abort();
    return memory;
}

static int text_index(londi_recording *r, const char *sql) {
    for (int i = 0; i < r->text_count; i++)
        if (strcmp(r->texts[i], sql) == 0) return i;
    r->texts = checked(realloc(r->texts, sizeof *r->texts * (size_t)(r->text_count + 1)));
    r->texts[r->text_count] = checked(strdup(sql));
    return r->text_count++;
}

static int hex(char digit) { return digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10; }

/* Reads one SQL literal as sqlite3_expanded_sql writes it, and returns what follows it; NULL for anything else. */
static const char *read_literal(const char *at, struct value *value) {
    if (strncmp(at, "NULL", 4) == 0) {
        value->kind = IS_NULL;
        return at + 4;
    }
    if (*at == '\'') {
        char *text = value->bytes = checked(malloc(strlen(at)));
        for (at++; *at; at++) {
            if (*at == '\'' && *++at != '\'') break;
            *text++ = *at;
        }
        value->kind = IS_TEXT;
        value->length = (int)(text - value->bytes);
        return at;
    }
    if (*at == 'x' && at[1] == '\'') {
        char *bytes = value->bytes = checked(malloc(strlen(at)));
        for (at += 2; *at && *at != '\''; at += 2) *bytes++ = (char)(hex(at[0]) * 16 + hex(at[1]));
        value->kind = IS_BLOB;
        value->length = (int)(bytes - value->bytes);
        return *at ? at + 1 : NULL;
    }
    if (strncmp(at, "zeroblob(0)", 11) == 0) {
        value->kind = IS_BLOB;
        value->length = 0;
        value->bytes = NULL;
        return at + 11;
    }
    char *end, *end_of_real;
    value->kind = IS_INTEGER;
    value->integer = strtoll(at, &end, 10);
    double real = strtod(at, &end_of_real);
    if (end_of_real > end) {
        value->kind = IS_REAL;
        value->real = real;
        end = end_of_real;
    }
    return end == at ? NULL : end;
}

/* Finds the values of `sql`'s parameters in `expanded`, where they stand in their places. */
static int read_values(const char *sql, const char *expanded, struct value *values, int count) {
    int highest = 0;
    char quote = 0;
    while (*sql) {
        if (quote ? *sql == quote : (*sql == '\'' || *sql == '"')) quote = quote ? 0 : *sql;
        if (quote || *sql != '?') {
            if (*sql++ != *expanded++) return 0;
            continue;
        }
        char *end;
        long number = strtol(++sql, &end, 10);
        int index = end == sql ? highest + 1 : (int)number;
        sql = end;
        if (index < 1 || index > count) return 0;
        if (index > highest) highest = index;
        struct value value;
        if (!(expanded = read_literal(expanded, &value))) return 0;
        values[index - 1] = value;
    }
    return *expanded == 0;
}

static int on_statement(unsigned kind, void *context, void *statement, void *sql) {
    (void)kind;
    londi_recording *r = context;
    /* A trigger's program belongs to the statement that fired it. */
    if (r != current || strncmp(sql, "--", 2) == 0) return 0;
    struct run run = {.text = text_index(r, sqlite3_sql(statement))};
    run.value_count = sqlite3_bind_parameter_count(statement);
    run.values = checked(calloc((size_t)run.value_count + 1, sizeof *run.values));
    char *expanded = sqlite3_expanded_sql(statement);
    if (!expanded || !read_values(sqlite3_sql(statement), expanded, run.values, run.value_count))
        snprintf(r->failure, sizeof r->failure, "the values cannot be read from: %s", expanded ? expanded : "nothing");
    sqlite3_free(expanded);
    if (r->run_count == r->run_capacity) {
        r->run_capacity = r->run_capacity * 2 + 1024;
        r->runs = checked(realloc(r->runs, sizeof *r->runs * r->run_capacity));
    }
    r->runs[r->run_count++] = run;
    return 0;
}

static int on_open(sqlite3 *database, char **message, const struct sqlite3_api_routines *routines) {
    (void)message, (void)routines;
    current->database = database;
    return sqlite3_trace_v2(database, SQLITE_TRACE_STMT, on_statement, current);
}

londi_recording *londi_record_begin(void) {
    if (current) abort();
    current = checked(calloc(1, sizeof *current));
    sqlite3_auto_extension((void (*)(void))on_open);
    return current;
}

void londi_record_end(londi_recording *recording) {
    if (recording != current) abort();
    sqlite3_cancel_auto_extension((void (*)(void))on_open);
    current = NULL;
}

void londi_recording_free(londi_recording *r) {
    for (size_t i = 0; i < r->run_count; i++) {
        for (int j = 0; j < r->runs[i].value_count; j++)
            if (r->runs[i].values[j].kind >= IS_TEXT) free(r->runs[i].values[j].bytes);
        free(r->runs[i].values);
    }
    for (int i = 0; i < r->text_count; i++) free(r->texts[i]);
    free(r->texts);
    free(r->runs);
    free(r);
}

size_t londi_recording_count(const londi_recording *r) { return r->run_count; }
const char *londi_recording_sql(const londi_recording *r, size_t index) { return r->texts[r->runs[index].text]; }
const char *londi_recording_failure(const londi_recording *r) { return r->failure[0] ? r->failure : NULL; }

londi_replay *londi_replay_open(const char *path, const londi_recording *recording) {
    londi_replay *replay = checked(calloc(1, sizeof *replay));
    replay->recording = recording;
    replay->statements = checked(calloc((size_t)recording->text_count + 1, sizeof *replay->statements));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &replay->database, flags, NULL) == SQLITE_OK) return replay;
    londi_replay_close(replay);
    return NULL;
}

static int bind(sqlite3_stmt *statement, int index, const struct value *value) {
    switch (value->kind) {
    case IS_INTEGER: return sqlite3_bind_int64(statement, index, value->integer);
    case IS_REAL: return sqlite3_bind_double(statement, index, value->real);
    case IS_TEXT: return sqlite3_bind_text(statement, index, value->bytes, value->length, SQLITE_STATIC);
    case IS_BLOB:
        return value->length == 0
                   ? sqlite3_bind_zeroblob(statement, index, 0)
                   : sqlite3_bind_blob(statement, index, value->bytes, value->length, SQLITE_STATIC);
    default: return sqlite3_bind_null(statement, index);
    }
}

static sqlite3_uint64 read_column(sqlite3_stmt *statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return (sqlite3_uint64)sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return (sqlite3_uint64)sqlite3_column_double(statement, column);
    case SQLITE_TEXT: return sqlite3_column_text(statement, column)[0] + (sqlite3_uint64)sqlite3_column_bytes(statement, column);
    case SQLITE_BLOB: return (sqlite3_uint64)sqlite3_column_bytes(statement, column);
    default: return 0;
    }
}

int londi_replay_run(londi_replay *replay, size_t end) {
    const londi_recording *r = replay->recording;
    for (; replay->next < end; replay->next++) {
        const struct run *run = &r->runs[replay->next];
        sqlite3_stmt **place = &replay->statements[run->text];
        if (!*place) {
            int result = sqlite3_prepare_v3(
                replay->database, r->texts[run->text], -1, SQLITE_PREPARE_PERSISTENT, place, NULL);
            if (result != SQLITE_OK) return result;
        }
        sqlite3_stmt *statement = *place;
        for (int i = 0; i < run->value_count; i++) {
            int result = bind(statement, i + 1, &run->values[i]);
            if (result != SQLITE_OK) return result;
        }
        int result;
        while ((result = sqlite3_step(statement)) == SQLITE_ROW)
            for (int i = 0; i < sqlite3_data_count(statement); i++) replay->checksum += read_column(statement, i);
        sqlite3_reset(statement);
        if (result != SQLITE_DONE) return result;
    }
    return SQLITE_OK;
}

const char *londi_replay_message(const londi_replay *replay) { return sqlite3_errmsg(replay->database); }

void londi_replay_close(londi_replay *replay) {
    for (int i = 0; i < replay->recording->text_count; i++) sqlite3_finalize(replay->statements[i]);
    sqlite3_close(replay->database);
    free(replay->statements);
    free(replay);
}
