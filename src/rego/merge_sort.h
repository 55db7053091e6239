// A stable sort (std::stable_sort of libstdc++ 12 warns with clang 19).
#pragma once

#include <algorithm>
#include <vector>

namespace waybill::rego {

template <class T, class Less>
void merge_sort(std::vector<T>& items, Less less) {
  constexpr size_t kRun = 16;
  const size_t n = items.size();
  for (size_t start = 0; start < n; start += kRun) {
    const size_t end = std::min(start + kRun, n);
    for (size_t i = start + 1; i < end; ++i) {
      const T item = items[i];
      size_t j = i;
      for (; j > start && less(item, items[j - 1]); --j) items[j] = items[j - 1];
      items[j] = item;
    }
  }
  std::vector<T> other(n > kRun ? n : 0);
  for (size_t width = kRun; width < n; width *= 2) {
    for (size_t start = 0; start < n; start += 2 * width) {
      const size_t middle = std::min(start + width, n), end = std::min(start + 2 * width, n);
      size_t i = start, j = middle, out = start;
      while (i < middle && j < end) other[out++] = less(items[j], items[i]) ? items[j++] : items[i++];
      while (i < middle) other[out++] = items[i++];
      while (j < end) other[out++] = items[j++];
    }
    items.swap(other);
  }
}

}  // namespace waybill::rego
