// What the files compiled for one instruction set give to its table; see `kernels.h` for what each does.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace firstbyte::FIRSTBYTE_STEP_ISA {

void rms_norm(const float* x, const float* weight, float eps, int size, float* y);
void rotate(float* head, const float* cosines, const float* sines, int size);
void swiglu(const float* x, int size, float* y);
void store_key_value(const CacheLayer& cache, int block, int offset, int head, const float* key, const float* value);
void attend(const QueryTile& tile, const CacheLayer& cache, int head, const int32_t* blocks, int begin, int end,
            const AttentionScratch& scratch, const Partial& partial);
void merge(const Partial& sum, const Partial& part, int num_rows, int padded_dim);
float max(const float* values, int size);
double sum_exp(const float* values, int size, float max);
void exp(const float* values, int size, float max, double* out);
int find_at_least(const float* values, int size, float threshold, int32_t* indices, int limit);

}  // namespace firstbyte::FIRSTBYTE_STEP_ISA
