// Entries and directories for the tests of what a log survives.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "waybill/log/log.h"

namespace waybill::log {

inline std::string fresh_directory(const std::string& name) {
  const std::string path = (std::filesystem::temp_directory_path() / ("waybill-crash-" + std::to_string(::getpid()) + "-" + name)).string();
  std::filesystem::remove_all(path);
  return path;
}

// Different bytes for each number; the document too. Sizes vary from small to more than a page.
inline std::string document_of(uint64_t number) {
  std::string text = "document " + std::to_string(number) + "\n";
  uint64_t state = number * 0x9e3779b97f4a7c15ULL + 1;
  for (size_t size = number % 17 == 0 ? 40000 : 100 + number % 700; text.size() < size;) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += static_cast<char>('!' + (state >> 33) % 90);
  }
  return text;
}

inline NewEntry entry_of(uint64_t number) {
  NewEntry entry;
  entry.kind = EntryKind::evidence;
  entry.actor = "machine:crash";
  entry.body = "{\"number\":" + std::to_string(number) + "}";
  if (number % 3 == 0) entry.documents.push_back(prepare_document(document_of(number), "text/plain"));
  if (number % 5 == 0) entry.unique_key = sha256("key " + std::to_string(number));
  return entry;
}

}  // namespace waybill::log
