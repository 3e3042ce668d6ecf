// Every golden command: one function in a file of its own, declared here and listed in commands.cc.
#pragma once

#include <string>
#include <vector>

#include "tests/golden/golden.h"

namespace tenon::golden {

const std::vector<Command>& commands();

std::string asm_loops(const Request& request);
std::string caret(const Request& request);
std::string lower_pass(const Request& request);
std::string lower_refuses(const Request& request);
std::string nearest(const Request& request);
std::string relax_print(const Request& request);
std::string relax_verify(const Request& request);
std::string schedule(const Request& request);
std::string sha256(const Request& request);
std::string split_constants(const Request& request);
std::string tir_print(const Request& request);
std::string tir_run(const Request& request);
std::string tir_verify(const Request& request);
std::string tir_workload(const Request& request);

}  // namespace tenon::golden
