# Given to llama.cpp's CMake by llama-server.sh: what makes its build faster, and AMX avoidable, without a change of its files.
option(LONDI_WITHOUT_AMX "leave the AMX instructions out of the processor's backend" OFF)

cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL londi_adapt)

function(londi_adapt)
    if(LONDI_WITHOUT_AMX)
        target_compile_options(ggml-cpu PRIVATE -mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
    endif()
    # Images and sound, which Londi does not use: small files that spend their time on the same headers.
    set_target_properties(mtmd PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 100)
    foreach(file mtmd.cpp mtmd-audio.cpp mtmd-image.cpp mtmd-helper.cpp mtmd-helper-gen.cpp clip.cpp)
        set_source_files_properties(
            ${CMAKE_SOURCE_DIR}/tools/mtmd/${file} TARGET_DIRECTORY mtmd PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
    # What computes nothing for a token: arguments, downloads, HTTP, images. A third less work for the compiler.
    target_compile_options(mtmd PRIVATE -O1)
    target_compile_options(cpp-httplib PRIVATE -O1)
    target_compile_options(llama-server-impl PRIVATE -O1)
    foreach(file arg.cpp console.cpp debug.cpp download.cpp fit.cpp hf-cache.cpp imatrix-loader.cpp preset.cpp)
        set_source_files_properties(
            ${CMAKE_SOURCE_DIR}/common/${file} TARGET_DIRECTORY llama-common PROPERTIES COMPILE_OPTIONS -O1)
    endforeach()
    set_source_files_properties(
        ${CMAKE_SOURCE_DIR}/src/llama-quant.cpp TARGET_DIRECTORY llama PROPERTIES COMPILE_OPTIONS -O1)
    # Headers that nearly all files of these targets read.
    foreach(target llama-common server-context llama-server-impl)
        target_precompile_headers(
            ${target} PRIVATE <nlohmann/json.hpp> <algorithm> <fstream> <functional> <map> <memory> <mutex> <regex>
            <sstream> <string> <thread> <unordered_map> <vector>)
    endforeach()
endfunction()
