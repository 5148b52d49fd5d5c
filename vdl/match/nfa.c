#include "scan.h"

static bool is_word(uint8_t b)
{
    return ascii_is_alpha(b) || ascii_is_digit(b) || b == '_';
}

static bool is_one_of(uint8_t b, const char *set, size_t n)
{
    return memchr(set, b, n) != NULL;
}

/* The byte at place q of the object; false outside of it. What the view does not hold counts as outside. */
static bool byte_at(const struct view *v, uint64_t q, uint8_t *b)
{
    if (q < v->base || q - v->base >= v->n)
        return false;
    *b = v->p[q - v->base];
    return true;
}

static bool edge_ok(const struct view *v, uint64_t q, unsigned edge, unsigned how)
{
    uint8_t before = 0, after = 0, second = 0;
    bool has_before = q > 0 && byte_at(v, q - 1, &before), has_after = byte_at(v, q, &after), is_ok = false;
    bool has_one = how & VDB_OE_AFTER ? has_after : has_before;
    uint8_t one = how & VDB_OE_AFTER ? after : before;

    switch ((enum vdb_edge)edge) {
    case VDB_EDGE_WORD: is_ok = (has_before && is_word(before)) != (has_after && is_word(after)); break;
    case VDB_EDGE_START: is_ok = q == 0; break;
    case VDB_EDGE_END: is_ok = !has_after; break;
    case VDB_EDGE_ALNUM_FREE: is_ok = !has_one || !(ascii_is_alpha(one) || ascii_is_digit(one)); break;
    case VDB_EDGE_CLAM_B:
        is_ok = !has_one || (how & VDB_OE_AFTER ? is_one_of(one, "\n\r \"'-/=>_", 10) : is_one_of(one, " -./_<@", 7));
        break;
    case VDB_EDGE_CLAM_L:
        is_ok = !has_one || one == '\n';
        if (how & VDB_OE_AFTER && has_after && after == '\r')
            is_ok = byte_at(v, q + 1, &second) && second == '\n';
        break;
    }
    return is_ok != ((how & VDB_OE_NOT) != 0);
}

static bool takes(const struct vdl_db *db, const uint8_t *op, uint8_t b, bool *is_ok)
{
    const uint8_t *set;

    switch (op[VDB_OP_CODE]) {
    case VDB_O_BYTE: return b == op[VDB_OP_BYTE];
    case VDB_O_FOLD: return ascii_lower(b) == op[VDB_OP_BYTE];
    case VDB_O_MASK: return (b & op[VDB_OP_MORE]) == op[VDB_OP_BYTE];
    case VDB_O_ANY: return true;
    case VDB_O_SET:
        set = db_row(db, VDB_SETS, get_le32(op + VDB_OP_TO), 32);
        *is_ok = *is_ok && set;
        return set && set[b / 8] >> (b % 8) & 1;
    default: return false;
    }
}

/*
 * Room for a program of n instructions, side by side so that a short one touches one page: the set of nfa_run(), what expand() has seen, its
 * list, and its stack, which never holds more than two for each instruction and one.
 */
static size_t words_of(uint32_t n)
{
    return ((size_t)n + 63) / 64;
}

static uint16_t *list_of(const struct lane *l, uint32_t n)
{
    return (uint16_t *)(void *)(l->work + words_of(n) * 2);
}

/* Follow branches and edges from the set; the instructions that wait for a byte go to the list. Gives their number. */
static uint32_t expand(struct lane *l, const struct view *v, const uint8_t *code, uint32_t n, const uint64_t *set, uint64_t q,
                       bool *is_match, bool *is_ok)
{
    uint64_t *seen = l->work + words_of(n);
    uint16_t *list = list_of(l, n), *stack = list + n;
    uint32_t n_list = 0, n_stack = 0;

    memset(seen, 0, words_of(n) * 8);
    *is_match = false;
    for (uint32_t w = 0; w < words_of(n); w++)
        for (uint64_t left = set[w]; left; left &= left - 1) {
            uint32_t pc = w * 64 + (uint32_t)__builtin_ctzll(left);

            stack[n_stack++] = (uint16_t)pc;
            while (n_stack) {
                const uint8_t *op;
                uint32_t next[2], n_next = 0;

                pc = stack[--n_stack];
                if (pc >= n || seen[pc / 64] >> (pc % 64) & 1) {
                    *is_ok = *is_ok && pc < n;
                    continue;
                }
                seen[pc / 64] |= (uint64_t)1 << pc % 64;
                op = code + (size_t)pc * VDB_OP;
                l->steps++;
                switch (op[VDB_OP_CODE]) {
                case VDB_O_MATCH: *is_match = true; break;
                case VDB_O_SPLIT: next[n_next++] = get_le32(op + VDB_OP_TO); next[n_next++] = pc + 1; break;
                case VDB_O_JUMP: next[n_next++] = get_le32(op + VDB_OP_TO); break;
                case VDB_O_EDGE:
                    if (edge_ok(v, q, op[VDB_OP_BYTE], op[VDB_OP_MORE]))
                        next[n_next++] = pc + 1;
                    break;
                default: list[n_list++] = (uint16_t)pc;
                }
                for (uint32_t i = 0; i < n_next; i++) {
                    if (next[i] >= n)
                        *is_ok = false;
                    else if (!(seen[next[i] / 64] >> (next[i] % 64) & 1))
                        stack[n_stack++] = (uint16_t)next[i];
                }
            }
        }
    return n_list;
}

/* The step behind the instructions of a list. */
static bool advance(const struct vdl_db *db, const uint8_t *code, uint32_t n, const uint16_t *list, uint32_t n_list, uint64_t *set, uint8_t b,
                    bool *is_ok)
{
    for (uint32_t i = 0; i < n_list; i++) {
        uint32_t pc = list[i];

        if (!takes(db, code + (size_t)pc * VDB_OP, b, is_ok))
            continue;
        if (pc + 1 >= n)
            return false;
        set[(pc + 1) / 64] |= (uint64_t)1 << (pc + 1) % 64;
    }
    return true;
}

bool nfa_step(struct lane *l, const struct view *v, uint32_t first, uint32_t n, uint64_t *set, uint64_t q, bool *is_match)
{
    const uint8_t *code = n && n <= VDB_THREADS_MAX ? db_at(l->db, VDB_PROGRAMS, (uint64_t)first * VDB_OP, (uint64_t)n * VDB_OP) : NULL;
    bool is_ok = true;
    uint32_t n_list;
    uint8_t b;

    *is_match = false;
    if (!code)
        return false;
    if (l->steps > l->steps_most) {
        scan_limited(l, l->at_work);
        memset(set, 0, words_of(n) * 8);
        return true;
    }
    n_list = expand(l, v, code, n, set, q, is_match, &is_ok);
    memset(set, 0, words_of(n) * 8);
    if (!byte_at(v, q, &b))
        return is_ok;
    return advance(l->db, code, n, list_of(l, n), n_list, set, b, &is_ok) && is_ok;
}

static bool is_empty(const uint64_t *set, uint32_t n)
{
    uint64_t any = 0;

    for (uint32_t w = 0; w < words_of(n); w++)
        any |= set[w];
    return any == 0;
}

static bool has_edge(const uint8_t *code, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (code[(size_t)i * VDB_OP + VDB_OP_CODE] == VDB_O_EDGE)
            return true;
    return false;
}

/* What is kept of a program's start; NULL when nothing can be. The set holds instruction 0. */
static struct start *start_of(struct lane *l, const struct view *v, const uint8_t *code, uint32_t first, uint32_t n, const uint64_t *set)
{
    struct start *s = &l->starts[first % STARTS];
    bool is_match, is_ok = true;
    uint32_t n_list;

    if (s->n == n && s->first == first) {
        s->worth = s->worth < START_WORTH ? (uint8_t)(s->worth + 1) : START_WORTH;
        return s->is_fixed ? s : NULL;
    }
    if (s->worth) {
        s->worth--;
        return NULL;
    }
    *s = (struct start){ .first = first, .n = n };
    if (has_edge(code, n))
        return NULL;
    n_list = expand(l, v, code, n, set, 0, &is_match, &is_ok);
    s->is_fixed = is_ok && n_list <= START_LIST;
    if (!s->is_fixed)
        return NULL;
    s->n_list = (uint16_t)n_list;
    memcpy(s->list, list_of(l, n), n_list * sizeof *s->list);
    return s;
}

/* The first byte from such a start. False: damaged. */
static bool first_step(struct lane *l, const uint8_t *code, struct start *s, uint64_t *set, uint8_t b)
{
    uint64_t bit = (uint64_t)1 << b % 64;
    bool is_ok = true;

    set[0] = 0;
    if (s->known[b / 64] & bit && !(s->takes[b / 64] & bit))
        return true;
    if (!advance(l->db, code, s->n, s->list, s->n_list, set, b, &is_ok) || !is_ok)
        return false;
    s->known[b / 64] |= bit;
    s->takes[b / 64] |= is_empty(set, s->n) ? 0 : bit;
    return true;
}

bool nfa_run(struct lane *l, const struct view *v, uint32_t first, uint32_t n, uint64_t start, uint64_t most, uint32_t owner)
{
    const uint8_t *code = n && n <= VDB_THREADS_MAX ? db_at(l->db, VDB_PROGRAMS, (uint64_t)first * VDB_OP, (uint64_t)n * VDB_OP) : NULL;
    uint64_t *set = l->work, q = start;
    struct start *s;
    bool is_match;
    uint8_t b;

    if (!code)
        return false;
    l->at_work = owner;
    memset(set, 0, words_of(n) * 8);
    set[0] = 1;
    s = start_of(l, v, code, first, n, set);
    if (s && byte_at(v, q, &b)) {
        l->steps++;
        if (!first_step(l, code, s, set, b))
            return false;
        if (is_empty(set, n))
            return true;
        q++;
    }
    for (; q - start <= most && q <= v->base + v->n; q++) {
        if (!nfa_step(l, v, first, n, set, q, &is_match))
            return false;
        if (is_match && q > start && !event_add(l, start, q, owner))
            return true;
        if (is_empty(set, n))
            return true;
    }
    return true;
}
