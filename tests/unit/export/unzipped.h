#pragma once
//! A ZIP in memory, unpacked.

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <locale.h>

#include <map>
#include <string>

namespace sheaf::exporting {

inline std::map<std::string, std::string> Unzipped(const std::string& bytes) {
  const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = uselocale(utf8);
  std::map<std::string, std::string> entries;
  struct archive* reader = archive_read_new();
  archive_read_support_format_zip_seekable(reader);
  EXPECT_EQ(archive_read_open_memory(reader, bytes.data(), bytes.size()), ARCHIVE_OK);
  struct archive_entry* entry = nullptr;
  int answer = ARCHIVE_OK;
  while ((answer = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
    const std::string path = archive_entry_pathname(entry);
    EXPECT_EQ(entries.count(path), 0u) << path << " is there twice";
    std::string& text = entries[path];
    std::string buffer(1 << 16, '\0');
    la_ssize_t got = 0;
    while ((got = archive_read_data(reader, buffer.data(), buffer.size())) > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    EXPECT_EQ(got, 0) << path;
  }
  EXPECT_EQ(answer, ARCHIVE_EOF) << archive_error_string(reader);
  archive_read_free(reader);
  uselocale(before);
  freelocale(utf8);
  return entries;
}

}  // namespace sheaf::exporting
