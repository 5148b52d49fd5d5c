#include <inttypes.h>

#include "emit.h"
#include "lower.h"

static void put_text(struct slice s, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '"' || s.p[i] == '\\')
            fprintf(out, "\\%c", s.p[i]);
        else if (s.p[i] >= ' ' && s.p[i] < 0x7f)
            fputc(s.p[i], out);
        else
            fprintf(out, "\\x%02x", s.p[i]);
    fputc('"', out);
}

static void put_set(const uint8_t *set, FILE *out)
{
    const char *comma = "";

    fputs("[ ", out);
    for (unsigned a = 0, b; a < 256; a = b + 1) {
        b = a;
        if (!(set[a / 8] >> (a % 8) & 1))
            continue;
        while (b < 255 && set[(b + 1) / 8] >> ((b + 1) % 8) & 1)
            b++;
        fprintf(out, b > a ? "%s0x%02x-0x%02x" : "%s0x%02x", comma, a, b);
        comma = ", ";
    }
    fputs(" ]", out);
}

/* Bytes under one kind of mask at a time. */
static void put_bytes(const struct vdl_node *n, FILE *out)
{
    for (size_t i = 0, k; i < n->bytes.n; i = k) {
        uint8_t mask = n->mask ? n->mask[i] : 0xff, b = n->bytes.p[i];

        k = i + 1;
        if (i)
            fputs(", ", out);
        if (mask == 0xff) {
            while (k < n->bytes.n && (!n->mask || n->mask[k] == 0xff))
                k++;
            fputs(n->fold ? "~" : "", out);
            put_text(slice_sub(n->bytes, i, k - i), out);
        } else if (mask == 0)
            fputs(".", out);
        else if (!n->fold && mask == 0xf0)
            fprintf(out, "0x%x?", b >> 4);
        else if (!n->fold && mask == 0x0f)
            fprintf(out, "0x?%x", b & 15);
        else {
            uint8_t set[32];

            place_set(n, i, set);
            put_set(set, out);
        }
    }
}

static void print_node(const struct vdl_node *n, FILE *out);

static void put_span(uint64_t lo, uint64_t hi, FILE *out)
{
    fprintf(out, "%" PRIu64, lo);
    if (hi == VDL_INF)
        fputc('-', out);
    else if (hi != lo)
        fprintf(out, "-%" PRIu64, hi);
}

static void put_edge(const struct vdl_node *n, FILE *out)
{
    static const char *const names[] = {
        [VE_WORD] = "WORD", [VE_START] = "START", [VE_END] = "END", [VE_CLAM_B] = "_B", [VE_CLAM_L] = "_L", [VE_ALNUM_FREE] = "_W",
    };

    fprintf(out, "%s%s%s", n->edge_not ? "N_" : "", names[n->edge][0] != '_' ? "" : n->is_after ? "AFTER" : "BEFORE", names[n->edge]);
}

static void put_list(const struct vdl_node *n, const char *between, FILE *out)
{
    for (uint32_t i = 0; i < n->n_kids; i++) {
        if (i)
            fputs(between, out);
        print_node(n->kids[i], out);
    }
}

static void put_anchor(const struct vdl_anchor *a, FILE *out)
{
    if (!a)
        return;
    switch (a->where) {
    case VW_ANYWHERE: return;
    case VW_START:
        fputs("@=", out);
        put_span((uint64_t)a->lo, a->hi == INT64_MAX ? VDL_INF : (uint64_t)a->hi, out);
        break;
    case VW_END:
        fputs("@=-", out);
        put_span((uint64_t)a->lo, (uint64_t)a->hi, out);
        break;
    case VW_ENTRY: fprintf(out, "@=EP%+" PRId64, a->lo); break;
    case VW_SECTION: fprintf(out, "@=S%u%+" PRId64, a->section, a->lo); break;
    case VW_LAST_SECTION: fprintf(out, "@=SL%+" PRId64, a->lo); break;
    case VW_IN_SECTION: fprintf(out, "@=SE%u", a->section); break;
    case VW_VERSION_INFO: fputs("@=VI", out); break;
    }
    fputs(", ", out);
}

static const char *cmp_text(enum vdl_cmp c)
{
    static const char *const texts[] = {
        [VC_EQ] = "=", [VC_GT] = ">", [VC_LT] = "<", [VC_GE] = ">=", [VC_LE] = "<=", [VC_NE] = "!=",
    };
    return texts[c];
}

static void put_hash(const struct vdl_node *n, FILE *out)
{
    static const char *const names[] = { [VH_MD5] = "MD5", [VH_SHA1] = "SHA1", [VH_SHA256] = "SHA256" };

    fprintf(out, "%s%s(\"", n->kind == VN_SECTION_HASH ? "SECTION " : n->kind == VN_IMPORT_HASH ? "IMPORTS " : "", names[n->algo]);
    for (size_t i = 0; i < n->bytes.n; i++)
        fprintf(out, "%02x", n->bytes.p[i]);
    fputs("\")", out);
    if (n->lo != VDL_INF)
        fprintf(out, " SIZE %" PRIu64, n->lo);
}

/* As it was written: on one line, with a backslash before each slash. */
static void put_regex_text(struct slice s, FILE *out)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_escape = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] != '\n' && s.p[i + 1];

        if (s.p[i] == '/')
            fputs("\\/", out);
        else if (s.p[i] == '\n' || s.p[i] == 0)
            fprintf(out, "\\x%02x", s.p[i]);
        else
            fputc(s.p[i], out);
        if (is_escape)
            fputc(s.p[++i], out);
    }
}

static void put_regex(const struct vdl_node *n, FILE *out)
{
    static const char letters[] = "ismxAEUgre";
    static const unsigned bits[] = { VR_ICASE, VR_DOTALL, VR_MULTILINE, VR_EXTENDED, VR_ANCHORED, VR_DOLLAR_END, VR_UNGREEDY,
                                     VR_GLOBAL, VR_ROLLING, VR_ENCOMPASS };

    put_anchor(n->anchor, out);
    fputc('/', out);
    put_regex_text(n->bytes, out);
    fputc('/', out);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (n->regex & bits[i])
            fputc(letters[i], out);
    if (n->n_kids) {
        fputs(" WITH (", out);
        print_node(n->kids[0], out);
        fputc(')', out);
    }
}

static void put_integer(const struct vdl_node *n, FILE *out)
{
    const struct vdl_integer *x = n->integer;
    const char *join = "";

    for (unsigned i = 0; i < x->n_cmp; i++, join = " AND ") {
        fputs(join, out);
        if (x->is_text)
            fprintf(out, "%s(", x->is_auto ? "NUMBER" : x->is_hex ? x->is_exact ? "HEXEXACT" : x->is_big ? "HEX" : "HEXLE"
                                                                  : x->is_exact ? "DECEXACT" : "DEC");
        else
            fprintf(out, "INT%d%s(", x->bytes * 8, x->is_big && x->bytes > 1 ? "BE" : "");
        if (n->n_kids) {
            fputc('(', out);
            print_node(n->kids[0], out);
            fputc(')', out);
        }
        if (x->from_bytes)
            fprintf(out, "INT%d%s(%u)", x->from_bytes * 8, x->from_big && x->from_bytes > 1 ? "BE" : "", x->from);
        fprintf(out, n->n_kids || x->from_bytes ? "%+" PRId64 : "%" PRId64, x->offset);
        if (x->is_text)
            fprintf(out, ", %d", x->bytes);
        fputc(')', out);
        if (x->and_mask != UINT64_MAX)
            fprintf(out, " & %" PRIu64, x->and_mask);
        fprintf(out, " %s %" PRIu64, cmp_text(x->cmp[i]), x->value[i]);
    }
}

static void put_order(const struct vdl_node *n, FILE *out)
{
    fputs("PLACE(", out);
    print_node(n->kids[0], out);
    fprintf(out, ") %s ", cmp_text(n->cmp));
    if (n->n_kids == 1) {
        fprintf(out, "%" PRIu64, n->lo);
        return;
    }
    fputs("PLACE(", out);
    print_node(n->kids[1], out);
    fputc(')', out);
    if (n->lo)
        fprintf(out, " %c %" PRIu64, (int64_t)n->lo < 0 ? '-' : '+', (int64_t)n->lo < 0 ? -n->lo : n->lo);
}

static void put_pattern(const char *word, const struct vdl_node *n, FILE *out)
{
    fprintf(out, "%s %s", word, n->fold ? "~" : "");
    put_text(n->bytes, out);
}

static void put_high(const struct vdl_node *n, FILE *out)
{
    switch ((enum vdl_kind)n->kind) {
    case VN_AND: fputc('(', out); put_list(n, " AND ", out); fputc(')', out); break;
    case VN_OR: fputc('(', out); put_list(n, " OR ", out); fputc(')', out); break;
    case VN_XOR: fputc('(', out); put_list(n, " XOR ", out); fputc(')', out); break;
    case VN_NOT: fputs("NOT (", out); put_list(n, "", out); fputc(')', out); break;
    case VN_COUNT:
        fputs("COUNT(", out);
        put_list(n, "", out);
        fprintf(out, ") %s %" PRIu64, cmp_text(n->cmp), n->lo);
        if (n->distinct)
            fprintf(out, " DISTINCT %u", n->distinct);
        break;
    case VN_OF:
        fprintf(out, "%" PRIu64 " OF ((", n->lo);
        put_list(n, "), (", out);
        fputs("))", out);
        break;
    case VN_SIZE: fputs("SIZE ", out); put_span(n->lo, n->hi, out); break;
    case VN_DEPTH: fputs("DEPTH ", out); put_span(n->lo, n->hi, out); break;
    case VN_NAME: put_pattern("NAME", n, out); break;
    case VN_SENDER: put_pattern("SENDER", n, out); break;
    case VN_PARENT: put_pattern("PARENT", n, out); break;
    case VN_CONTAINER: put_pattern("INSIDE", n, out); break;
    case VN_HASH:
    case VN_SECTION_HASH: case VN_IMPORT_HASH: put_hash(n, out); break;
    case VN_REGEX: put_regex(n, out); break;
    case VN_INTEGER: put_integer(n, out); break;
    case VN_ORDER: put_order(n, out); break;
    default: fputs(n->kind == VN_TRUE ? "SIZE 0-" : "NOT (SIZE 0-)", out);
    }
}

static void print_node(const struct vdl_node *n, FILE *out)
{
    switch ((enum vdl_kind)n->kind) {
    case VN_BYTES: put_bytes(n, out); break;
    case VN_SET: put_set(n->set, out); break;
    case VN_GAP:
        fputs(n->lo == 0 && n->hi == VDL_INF ? ".*" : "@", out);
        if (n->lo || n->hi != VDL_INF)
            put_span(n->lo, n->hi, out);
        break;
    case VN_CAT: put_list(n, ", ", out); break;
    case VN_ALT: fputs("((", out); put_list(n, ") | (", out); fputs("))", out); break;
    case VN_REP:
        fputc('(', out);
        print_node(n->kids[0], out);
        fprintf(out, "){%" PRIu64, n->lo);
        if (n->hi == VDL_INF)
            fputc(',', out);
        else if (n->hi != n->lo)
            fprintf(out, ",%" PRIu64, n->hi);
        fputc('}', out);
        break;
    case VN_LOOSE: fputs("~~", out); put_text(n->bytes, out); break;
    case VN_DIGITS: fputs("~#", out); put_text(n->bytes, out); break;
    case VN_EDGE: put_edge(n, out); break;
    case VN_SEGMENT:
        if (n->bytes.n) {
            fwrite(n->bytes.p, 1, n->bytes.n, out);
            break;
        }
        put_anchor(n->anchor, out);
        put_list(n, "", out);
        break;
    default: put_high(n, out);
    }
}

/* Names by LET, each before it is used. */
enum { NAMES = 256 };
struct names { const struct vdl_node *p[NAMES]; size_t n; };

static void put_names(const struct vdl_node *n, struct names *done, FILE *out)
{
    for (uint32_t i = 0; i < n->n_kids; i++)
        put_names(n->kids[i], done, out);
    if (n->kind != VN_SEGMENT || !n->bytes.n || done->n == NAMES)
        return;
    for (size_t i = 0; i < done->n; i++)
        if (done->p[i] == n)
            return;
    done->p[done->n++] = n;
    fprintf(out, "LET %.*s = ", (int)n->bytes.n, (const char *)n->bytes.p);
    put_anchor(n->anchor, out);
    put_list(n, "", out);
    fputs(" IN ", out);
}

bool print_expression(const struct vdl_node *n, FILE *out)
{
    struct names done = { .n = 0 };

    put_names(n, &done, out);
    print_node(n, out);
    return !ferror(out);
}

bool print_types(const struct vdl_types *t, FILE *out)
{
    for (size_t i = 0; t && i < t->n; i++) {
        fputs(i == 0 ? t->is_not ? "<!" : "<" : ",", out);
        put_text(t->words[i], out);
    }
    if (t && t->n)
        fputs("> ", out);
    return !ferror(out);
}

bool vdl_print_rule(const struct vdl_rule *r, FILE *out)
{
    return print_types(r->types, out) && print_expression(r->expr, out);
}
