#pragma once
//! Sound that stands for a voice: syllables of a few tones, 8 kHz, 8 bits, one channel, as a WAVE file.

#include <cstdint>
#include <string>

#include "demo/random.h"

namespace sheaf::demo {

std::string Wave(Random random, std::int64_t milliseconds);
//! How long Wave's text is.
std::int64_t WaveBytes(std::int64_t milliseconds);

}  // namespace sheaf::demo
