#pragma once
//! Text as strings of JSON.

#include <string>
#include <string_view>

#include "export/encode_buffer.h"
#include "export/text_scan.h"
#include "model/column.h"

namespace sheaf::exporting {

//! A quoted, escaped string. `text` is UTF-8 of any size.
char* PutJsonText(std::string_view text, EncodeBuffer& buffer, char* at);
std::string JsonText(std::string_view text);

//! The same for a cell, with room at `at`.
inline char* PutJsonCell(const model::StringCell& cell, EncodeBuffer& buffer, char* at) {
  const std::uint32_t size = cell.inlined.length;
  if (size <= sizeof(cell.inlined.text)) [[likely]] {
    // The whole cell is one block; the text begins after its four bytes of length.
    const std::uint32_t found = JsonSpecials::Find(TextBlock::Load(reinterpret_cast<const char*>(&cell))) >> 4;
    if ((found & ((1u << size) - 1)) == 0) [[likely]] {
      *at = '"';
      std::memcpy(at + 1, cell.inlined.text, sizeof(cell.inlined.text));
      at[1 + size] = '"';
      return at + size + 2;
    }
  }
  return PutJsonText(cell.View(), buffer, at);
}

//! A JSON value kept as text. Line breaks, which can only stand between its tokens, become spaces: a record of NDJSON
//! is one line.
char* PutJsonValue(std::string_view json, EncodeBuffer& buffer, char* at);

}  // namespace sheaf::exporting
