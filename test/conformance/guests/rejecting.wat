;; rejecting: `open` answers invalid-params.
(data (i32.const 256) "nothing suits this node")
(func (export "open") (param i32 i32) (result i32) (call $failure (i32.const 0) (i32.const 256) (i32.const 23)))
(func (export "process") (param i32 i32 i64 i32 i32 i32 i32 i32 i32) (result i32) (call $ok (i32.const 0) (i32.const 0)))
(func (export "flush") (result i32) (call $ok (i32.const 0) (i32.const 0)))
