/* One draw for each of some rows of logits, without sorting any.

   A row's tokens lie side by side, each as wide as it is likely at the row's temperature; the one that lies under
   `share`, in [0, 1), is drawn. `before` is what the likelier ones hold together, and of those as likely the earlier
   ones, at temperature 1: a token is in the nucleus (Holtzman et al. 2019) where that is less than top-p. Nobody needs it
   of a token that holds more than `enough` by itself: it is 0 there. */

#include <math.h>
#include <stdint.h>

#define BLOCK 64
#define LOWEST -80.0f /* nats: what is less likely than this is impossible */

static inline float chance(float nats) {
    float some = expf(nats < LOWEST ? LOWEST : nats); /* never of an infinite number, which -ffast-math leaves open */
    return nats < LOWEST ? 0 : some;
}

static float held(const float *x, int size, float peak, float scale) {
    float sum = 0;
    for (int i = 0; i < size; i++) sum += chance((x[i] - peak) * scale);
    return sum;
}

/* `sums` has room for one number a block; the last block may be short. */
static int32_t token_under(const float *x, int size, float peak, float scale, double share, float *sums) {
    int blocks = (size + BLOCK - 1) / BLOCK, block = 0, at = 0;
    double total = 0;
    for (int b = 0; b < blocks; b++)
        total += sums[b] = held(x + b * BLOCK, b + 1 < blocks ? BLOCK : size - b * BLOCK, peak, scale);
    double left = share * total;
    for (; block + 1 < blocks && left >= sums[block]; block++) left -= sums[block];
    int last = (block + 1 < blocks ? BLOCK : size - block * BLOCK) - 1;
    x += block * BLOCK;
    for (; at < last; at++) {
        float here = chance((x[at] - peak) * scale);
        if (left < here) break;
        left -= here;
    }
    return block * BLOCK + at;
}

static float held_before(const float *x, int size, int32_t token, float mass) {
    float its = x[token], sum = 0;
    for (int i = 0; i < size; i++) sum += x[i] > its ? chance(x[i] - mass) : 0;
    for (int i = 0; i < token; i++) sum += x[i] == its ? chance(its - mass) : 0;
    return sum;
}

/* Row r begins at logits[r * step]; `sums` has room for one row's blocks. */
void drawn(int32_t rows, int32_t size, int64_t step, const float *logits, const float *peaks, const float *masses,
           const float *temperatures, const float *enough, const double *shares, float *sums, int64_t *tokens,
           float *before) {
    for (int r = 0; r < rows; r++) {
        const float *x = logits + r * step;
        int32_t token = token_under(x, size, peaks[r], 1 / temperatures[r], shares[r], sums);
        tokens[r] = token;
        before[r] = chance(x[token] - masses[r]) > enough[r] ? 0 : held_before(x, size, token, masses[r]);
    }
}
