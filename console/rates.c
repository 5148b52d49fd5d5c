#include "rates.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imta/statlog.h"

const char *const rate_classes[RATE_CLASSES] = { "clean", "tagged", "virus", "ext", "spam", "encrypted", "limit", "error" };

void rates_init(struct rates *r)
{
    memset(r, 0, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
}

static size_t class_at(const char *name)
{
    for (size_t i = 0; i < RATE_CLASSES; i++)
        if (strcmp(rate_classes[i], name) == 0)
            return i;
    return strcmp(name, "pass") == 0 ? 0 : RATE_CLASSES - 1;
}

void rates_line(struct rates *r, struct slice line)
{
    struct stat_record rec;
    struct rate_hour *h;
    long long hour;
    double step;

    if (!statlog_line(line, &rec) || rec.is_message)
        return;
    hour = (long long)(fmin(fmax(rec.time, 0), 1e12) / 3600);
    step = rec.us > 1 ? fmin(2 * log2(rec.us), RATE_STEPS - 1) : 0;
    pthread_mutex_lock(&r->lock);
    h = &r->of[hour % RATE_HOURS];
    if (hour > h->hour)
        *h = (struct rate_hour){ .hour = hour };
    if (hour == h->hour) {
        h->n[class_at(rec.class)]++;
        h->bytes += rec.bytes;
        h->us += rec.us;
        h->steps[(size_t)step]++;
    }
    pthread_mutex_unlock(&r->lock);
}

/* The whole lines of what is left; what has no end yet stays for the next time. */
static void read_lines(struct rates *r, int fd)
{
    static uint8_t room[256 << 10];
    ssize_t n;

    while ((n = pread(fd, room, sizeof room, r->at)) > 0) {
        struct slice left = slice_of(room, (size_t)n);
        size_t end;

        while ((end = slice_chr(left, '\n')) < left.n) {
            rates_line(r, slice_take(left, end));
            left = slice_drop(left, end + 1);
        }
        if (left.n == (size_t)n && left.n < sizeof room)
            return;
        r->at += n - (left.n < sizeof room ? (ssize_t)left.n : 0);
    }
}

void rates_read(struct rates *r, const char *log)
{
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if (st.st_ino != r->inode || st.st_size < r->at) {
            r->at = r->inode == 0 && st.st_size > RATE_TAIL ? st.st_size - RATE_TAIL : 0;
            r->inode = st.st_ino;
        }
        read_lines(r, fd);
    }
    close(fd);
}

void rates_copy(struct rates *r, double now, struct rate_hour out[RATE_HOURS])
{
    long long last = (long long)(now / 3600);

    pthread_mutex_lock(&r->lock);
    for (long long i = 0; i < RATE_HOURS; i++) {
        long long hour = last - RATE_HOURS + 1 + i;
        const struct rate_hour *h = &r->of[hour % RATE_HOURS];

        out[i] = h->hour == hour ? *h : (struct rate_hour){ .hour = hour };
    }
    pthread_mutex_unlock(&r->lock);
}

double rate_parts(const struct rate_hour *h)
{
    double n = 0;

    for (size_t i = 0; i < RATE_CLASSES; i++)
        n += h->n[i];
    return n;
}

double rate_percentile(const struct rate_hour *h, double share)
{
    double due = rate_parts(h) * share, seen = 0;

    for (size_t i = 0; i < RATE_STEPS && due > 0; i++) {
        seen += h->steps[i];
        if (seen >= due)
            return exp2((double)(i + 1) / 2) / 1000;
    }
    return 0;
}
