/* Runs inverse.c on vocabularies of many sizes, with impossible tokens among them, for a sanitizer to watch. */

#include "inverse.c"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 3 };

static int drive(int size) {
    float *logits = malloc(sizeof *logits * ROWS * (size_t)size);
    float *sums = malloc(sizeof *sums * (size_t)((size + BLOCK - 1) / BLOCK));
    float peaks[ROWS], log_sums[ROWS], above[ROWS];
    const float temperatures[ROWS] = {0.3f, 1, 1.7f}, enough[ROWS] = {0.05f, 0, 1};
    const double shares[ROWS] = {0, 0.5, 1 - 1e-16};
    int64_t tokens[ROWS];
    for (int i = 0; i < ROWS * size; i++) logits[i] = i % 7 == 3 ? -INFINITY : (float)(rand() % 2000 - 1000) / 100;
    for (int r = 0; r < ROWS; r++) {
        float *row = logits + (size_t)r * size;
        double sum = 0;
        row[0] = 1; /* at least one token is possible */
        peaks[r] = row[0];
        for (int i = 0; i < size; i++) peaks[r] = row[i] > peaks[r] ? row[i] : peaks[r];
        for (int i = 0; i < size; i++) sum += exp(row[i] - peaks[r]);
        log_sums[r] = peaks[r] + (float)log(sum);
    }
    sample_rows(ROWS, size, size, logits, peaks, log_sums, temperatures, enough, shares, sums, tokens, above);
    int wrong = 0;
    for (int r = 0; r < ROWS; r++)
        wrong |= tokens[r] < 0 || tokens[r] >= size || logits[(size_t)r * size + tokens[r]] == -INFINITY || !(above[r] <= 1.001f);
    free(logits);
    free(sums);
    return wrong;
}

int main(void) {
    const int sizes[] = {1, 2, 63, 64, 65, 127, 128, 129, 1000, 8192, 151936};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (drive(sizes[i])) return 4;
    puts("no fault");
    return 0;
}
