#include "pdffilter.h"

#include "pdflex.h"
#include "pdflzw.h"

/* ---- predictors: each row is told by its difference to what is above or to the left ---- */
enum { ROW_MAX = 1 << 20, TIFF = 2, PNG = 10 };

struct predictor {
    unsigned kind;
    size_t row, step;            /* bytes of a row and of a pixel */
    struct buf now, above;
    inflate_put *put;
    void *to;
};

static uint8_t paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);

    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

static void undo_png(struct predictor *p, uint8_t *row, const uint8_t *above, uint8_t how)
{
    for (size_t i = 0; i < p->row; i++) {
        uint8_t a = i >= p->step ? row[i - p->step] : 0, b = above[i], c = i >= p->step ? above[i - p->step] : 0;
        switch (how) {
        case 1: row[i] = (uint8_t)(row[i] + a); break;
        case 2: row[i] = (uint8_t)(row[i] + b); break;
        case 3: row[i] = (uint8_t)(row[i] + (a + b) / 2); break;
        case 4: row[i] = (uint8_t)(row[i] + paeth(a, b, c)); break;
        default: break;
        }
    }
}

/* Eight bits a colour only: less is not used for anything but pictures. */
static void undo_tiff(struct predictor *p, uint8_t *row)
{
    for (size_t i = p->step; i < p->row; i++)
        row[i] = (uint8_t)(row[i] + row[i - p->step]);
}

static enum cs_status end_row(struct predictor *p)
{
    size_t mark = p->kind >= PNG;
    size_t n = p->now.n - (p->now.n < mark ? p->now.n : mark);
    uint8_t *row = p->now.p + mark;

    if (n == 0)
        return CS_OK;
    memset(p->now.p + p->now.n, 0, p->now.room - p->now.n);
    if (p->kind == TIFF)
        undo_tiff(p, row);
    else if (mark)
        undo_png(p, row, p->above.p, p->now.p[0]);
    memcpy(p->above.p, row, p->row);
    p->now.n = 0;
    return p->put(p->to, slice_of(row, n));
}

static enum cs_status predictor_put(void *to, struct slice in)
{
    struct predictor *p = to;
    size_t whole = p->row + (p->kind >= PNG);
    enum cs_status st = CS_OK;

    while (in.n && st == CS_OK) {
        size_t n = whole - p->now.n < in.n ? whole - p->now.n : in.n;
        memcpy(p->now.p + p->now.n, in.p, n);
        p->now.n += n;
        in = slice_drop(in, n);
        if (p->now.n == whole)
            st = end_row(p);
    }
    return st;
}

/* The value of a number in a dictionary, or fallback. */
static uint64_t parm(struct slice parms, const char *name, uint64_t fallback)
{
    struct pdf_lexer l = { .in = parms };
    struct pdf_token t;

    for (t = pdf_next(&l); t.kind != PDF_END; t = pdf_next(&l))
        if (t.kind == PDF_NAME && pdf_name_is(t.text, name)) {
            t = pdf_next(&l);
            return t.kind == PDF_NUMBER ? pdf_number(t.text) : fallback;
        }
    return fallback;
}

/* False when the stream has no predictor, or one that cannot be. */
static bool predictor_init(struct predictor *p, struct slice parms, inflate_put *put, void *to)
{
    uint64_t kind = parm(parms, "Predictor", 1), colors = parm(parms, "Colors", 1);
    uint64_t bits = parm(parms, "BitsPerComponent", 8), columns = parm(parms, "Columns", 1);

    *p = (struct predictor){ .kind = (unsigned)kind, .put = put, .to = to };
    if (kind < TIFF || colors == 0 || colors > 256 || bits == 0 || bits > 32 || columns > ROW_MAX)
        return false;
    p->row = (size_t)((colors * bits * columns + 7) / 8);
    p->step = (size_t)((colors * bits + 7) / 8);
    return p->row > 0 && p->row <= ROW_MAX;
}

static enum cs_status predictor_room(struct predictor *p)
{
    enum cs_status st;

    p->now = buf_init(p->row + 1);
    p->above = buf_init(p->row + 1);
    st = buf_reserve(&p->now, p->row + 1);
    if (st == CS_OK)
        st = buf_reserve(&p->above, p->row + 1);
    if (st == CS_OK)
        memset(p->above.p, 0, p->row + 1);
    return st;
}

/* ---- single filters ---- */
typedef enum cs_status filter_run(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged);

static enum cs_status flate(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    struct inflate_result res;
    enum cs_status st;

    (void)parms;
    while (in.n && pdf_is_space(in.p[0]))       /* no stream begins so, and readers skip it */
        in = slice_drop(in, 1);
    st = inflate_all(in, INFLATE_ZLIB, put, to, &res);
    *is_damaged = res.is_damaged;
    return st;
}

static enum cs_status lzw(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    return pdflzw_all(in, parm(parms, "EarlyChange", 1) != 0, put, to, is_damaged);
}

/* Small pieces are gathered before they are put. */
struct gather {
    inflate_put *put;
    void *to;
    size_t n;
    enum cs_status st;
    uint8_t room[16384];
};

static void gather_flush(struct gather *g)
{
    if (g->n && g->st == CS_OK)
        g->st = g->put(g->to, slice_of(g->room, g->n));
    g->n = 0;
}

static void gather_byte(struct gather *g, uint8_t c)
{
    g->room[g->n++] = c;
    if (g->n == sizeof g->room)
        gather_flush(g);
}

static enum cs_status ascii_hex_filter(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    struct gather g = { .put = put, .to = to };
    int high = -1;

    (void)parms;
    *is_damaged = false;
    for (size_t i = 0; i < in.n && in.p[i] != '>' && g.st == CS_OK; i++) {
        int v = ascii_hex(in.p[i]);
        if (v < 0)
            continue;
        if (high >= 0)
            gather_byte(&g, (uint8_t)(high << 4 | v));
        high = high >= 0 ? -1 : v;
    }
    if (high >= 0)
        gather_byte(&g, (uint8_t)(high << 4));
    gather_flush(&g);
    return g.st;
}

static void put_base85(struct gather *g, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gather_byte(g, (uint8_t)(v >> (24 - 8 * i)));
}

static enum cs_status ascii85(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    struct gather g = { .put = put, .to = to };
    uint64_t v = 0;
    size_t n = 0, i = slice_starts(slice_trim(in), SLICE("<~")) ? slice_find(in, SLICE("<~")) + 2 : 0;

    (void)parms;
    *is_damaged = false;
    for (; i < in.n && in.p[i] != '~' && g.st == CS_OK; i++) {
        uint8_t c = in.p[i];
        if (c == 'z' && n == 0)
            put_base85(&g, 0, 4);
        if (c < '!' || c > 'u')
            continue;
        v = v * 85 + (c - '!');
        if (++n == 5) {
            put_base85(&g, v, 4);
            v = n = 0;
        }
    }
    if (n > 1) {
        for (size_t k = n; k < 5; k++)
            v = v * 85 + 84;
        put_base85(&g, v, n - 1);
    }
    gather_flush(&g);
    return g.st;
}

static enum cs_status run_length(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    struct gather g = { .put = put, .to = to };

    (void)parms;
    *is_damaged = false;
    while (in.n && in.p[0] != 128 && g.st == CS_OK) {
        bool is_run = in.p[0] > 128;
        size_t n = is_run ? 257u - in.p[0] : in.p[0] + 1u;
        struct slice body = slice_sub(in, 1, is_run ? 1 : n);
        for (size_t i = 0; i < (is_run && body.n ? n : body.n); i++)
            gather_byte(&g, body.p[is_run ? 0 : i]);
        in = slice_drop(in, 1 + body.n);
    }
    gather_flush(&g);
    return g.st;
}

static enum cs_status unchanged(struct slice in, struct slice parms, inflate_put *put, void *to, bool *is_damaged)
{
    (void)parms;
    *is_damaged = false;
    return in.n ? put(to, in) : CS_OK;
}

static const struct filter {
    const char *name, *brief;
    filter_run *run;             /* NULL: for pictures */
    bool has_predictor;
} filters[] = {
    { "FlateDecode", "Fl", flate, true },
    { "LZWDecode", "LZW", lzw, true },
    { "ASCIIHexDecode", "AHx", ascii_hex_filter, false },
    { "ASCII85Decode", "A85", ascii85, false },
    { "RunLengthDecode", "RL", run_length, false },
    { "Crypt", "Crypt", unchanged, false },
    { "DCTDecode", "DCT", NULL, false },
    { "JPXDecode", "JPX", NULL, false },
    { "CCITTFaxDecode", "CCF", NULL, false },
    { "JBIG2Decode", "JBIG2", NULL, false },
};

static const struct filter *find_filter(struct slice name)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        if (pdf_name_is(name, filters[i].name) || pdf_name_is(name, filters[i].brief))
            return &filters[i];
    return NULL;
}

/* The parameters of the filter number i: the dictionary itself, or the one at this place of a list. */
static struct slice nth_parms(struct slice parms, size_t i)
{
    struct pdf_lexer l = { .in = parms };
    size_t depth = 0, from = 0;

    if (pdf_next(&l).kind != PDF_LIST)
        return i == 0 ? parms : slice_take(parms, 0);
    for (;;) {
        const struct pdf_token t = pdf_next(&l);

        if (t.kind == PDF_END)
            break;
        if (t.kind == PDF_OPEN && depth++ == 0)
            from = t.at;
        if (t.kind == PDF_CLOSE && depth && --depth == 0 && i-- == 0)
            return slice_sub(parms, from, l.at - from);
        if (t.kind == PDF_WORD && depth == 0 && i-- == 0)       /* null */
            break;
    }
    return slice_take(parms, 0);
}

static enum cs_status apply(const struct filter *f, struct slice in, struct slice parms, inflate_put *put, void *to,
                            bool *is_damaged)
{
    struct predictor p;
    enum cs_status st;

    if (!f->has_predictor || !predictor_init(&p, parms, put, to))
        return f->run(in, parms, put, to, is_damaged);
    st = predictor_room(&p);
    if (st == CS_OK)
        st = f->run(in, parms, predictor_put, &p, is_damaged);
    if (st == CS_OK)
        st = end_row(&p);
    buf_release(&p.now);
    buf_release(&p.above);
    return st;
}

/* The value of a name in a dictionary, or nothing. */
static struct slice name_parm(struct slice parms, const char *name)
{
    struct pdf_lexer l = { .in = parms };
    struct pdf_token t;

    for (t = pdf_next(&l); t.kind != PDF_END; t = pdf_next(&l))
        if (t.kind == PDF_NAME && pdf_name_is(t.text, name)) {
            t = pdf_next(&l);
            return t.kind == PDF_NAME ? t.text : slice_take(parms, 0);
        }
    return slice_take(parms, 0);
}

static enum cs_status between_put(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

static size_t list_filters(struct slice value, const struct filter *list[PDF_FILTERS], bool *is_unknown)
{
    struct pdf_lexer l = { .in = value };
    struct pdf_token t;
    size_t n = 0;

    *is_unknown = false;
    for (t = pdf_next(&l); t.kind != PDF_END && n < PDF_FILTERS; t = pdf_next(&l)) {
        const struct filter *f = t.kind == PDF_NAME ? find_filter(t.text) : NULL;
        if (t.kind == PDF_NAME && !f)
            *is_unknown = true;
        else if (f)
            list[n++] = f;
    }
    return n;
}

enum cs_status pdf_filter(const struct pdf_chain *c, struct slice in, inflate_put *put, void *to, struct pdf_filtered *res)
{
    const struct filter *list[PDF_FILTERS];
    struct buf held = buf_init(PDF_BETWEEN);
    bool is_unknown;
    size_t n = list_filters(c->filter, list, &is_unknown);
    enum cs_status st = CS_OK;

    *res = (struct pdf_filtered){ .is_damaged = is_unknown, .is_unknown = is_unknown };
    for (size_t i = 0; i < n && !res->is_picture; i++)
        res->is_picture = !list[i]->run;
    while (n && !list[n - 1]->run)
        n--;
    if (n == 0)
        st = in.n ? put(to, in) : CS_OK;
    for (size_t i = 0; i < n && st == CS_OK; i++) {
        bool is_last = i + 1 == n, is_damaged = false;
        struct buf next = buf_init(PDF_BETWEEN);
        const struct filter *f = list[i]->run ? list[i] : find_filter(SLICE("Crypt"));
        st = apply(f, in, nth_parms(c->parms, i), is_last ? put : between_put, is_last ? to : (void *)&next, &is_damaged);
        if (st == CS_TOOBIG && !is_last) {
            res->is_limited = true;
            st = CS_OK;
        }
        res->is_damaged |= is_damaged;
        res->n_applied++;
        buf_release(&held);
        held = next;
        in = buf_slice(&held);
    }
    buf_release(&held);
    return st;
}

bool pdf_filter_crypt(const struct pdf_chain *c, struct slice *name)
{
    const struct filter *list[PDF_FILTERS];
    bool is_unknown;
    size_t n = list_filters(c->filter, list, &is_unknown);

    for (size_t i = 0; i < n; i++)
        if (list[i]->run == unchanged) {
            *name = name_parm(nth_parms(c->parms, i), "Name");
            return true;
        }
    return false;
}
