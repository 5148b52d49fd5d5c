/*
 * mkrarity - count pairs of bytes in files and write vdl/compile/rarity_table.c.
 *
 *   mkrarity FILE... [ -- FILE... ]... >rarity_table.c
 *
 * The files come in kinds (text, programs, compressed), separated by "--". For each pair the table holds how likely the
 * second byte is behind the first in the kind where that is most likely: a window is rare only when it is rare everywhere.
 * Unit: a third of a bit, 0 to 60, as one printable character from '@' on, without the backslash.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double best[65536], single[256];
static uint64_t pairs[65536];

static void count(const char *path)
{
    static uint8_t buf[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n;
    int last = -1;

    if (!f)
        return;
    while ((n = fread(buf, 1, sizeof buf, f)) > 0)
        for (size_t i = 0; i < n; i++) {
            if (last >= 0)
                pairs[last << 8 | buf[i]]++;
            last = buf[i];
        }
    fclose(f);
}

static void close_kind(void)
{
    uint64_t all = 0;

    for (int a = 0; a < 256; a++) {
        uint64_t row = 0;

        for (int b = 0; b < 256; b++)
            row += pairs[a << 8 | b];
        all += row;
    }
    for (int a = 0; a < 256 && all; a++) {
        uint64_t row = 0;

        for (int b = 0; b < 256; b++)
            row += pairs[a << 8 | b];
        for (int b = 0; b < 256; b++) {
            double p = ((double)pairs[a << 8 | b] + 0.02) / ((double)row + 0.02 * 256);

            if (row > 100 && p > best[a << 8 | b])
                best[a << 8 | b] = p;
        }
        if ((double)row / (double)all > single[a])
            single[a] = (double)row / (double)all;
    }
    memset(pairs, 0, sizeof pairs);
}

static void put(double p)
{
    double bits = p > 0 ? -log2(p) * 3 : 60;
    int c = '@' + (int)(bits < 0 ? 0 : bits > 60 ? 60 : bits + 0.5);

    putchar(c >= '\\' ? c + 1 : c);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            close_kind();
        else
            count(argv[i]);
    close_kind();
    printf("/* Made by tests/bench/mkrarity.c: how likely one byte follows another, in thirds of a bit (see there). */\n"
           "#include \"rarity_table.h\"\n\nconst char rarity_single[257] =\n    \"");
    for (int a = 0; a < 256; a++)
        put(single[a]);
    printf("\";\n\nconst char rarity_pair[65537] =\n");
    for (int a = 0; a < 65536; a++) {
        if (a % 128 == 0)
            printf("    \"");
        put(best[a]);
        if (a % 128 == 127)
            printf("\"%s\n", a == 65535 ? ";" : "");
    }
    return 0;
}
