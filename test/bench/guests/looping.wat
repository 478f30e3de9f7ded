;; looping: frames of an odd pts never end, the others are echoed.
(func (export "open") (param i32 i32) (result i32) (call $ok (i32.const 0) (i32.const 0)))
(func (export "process") (param $port i32) (param $port_length i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)
  (if (i64.eq (i64.and (local.get $pts) (i64.const 1)) (i64.const 1)) (then (loop $forever (br $forever))))
  (call $store_frame (i32.const 32) (local.get $pts) (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
  (call $ok (i32.const 32) (i32.const 1)))
(func (export "cabi_post_process") (param i32) (call $free_all))
(func (export "flush") (result i32) (call $ok (i32.const 0) (i32.const 0)))
