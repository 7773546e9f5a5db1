// SPDX-License-Identifier: Apache-2.0
// The memory that the allocator gave to an object or an array, its own word included.

@_silgen_name("malloc_usable_size")
private func malloc_usable_size(_ block: UnsafeMutableRawPointer?) -> Int

enum HeapSize {
    static func of(_ object: AnyObject) -> Int {
        unsafe malloc_usable_size(Unmanaged.passUnretained(object).toOpaque()) + 8
    }

    static func of<Element>(_ array: [Element]) -> Int {
        guard array.capacity > 0 else { return 0 }
        return unsafe array.withUnsafeBufferPointer { elements in
            guard let start = elements.baseAddress else { return 0 }
            // The head of an array's storage has 32 bytes.
            let storage = unsafe UnsafeMutableRawPointer(mutating: start) - 32
            return unsafe malloc_usable_size(storage) + 8
        }
    }
}
