;; expanding: n copies of each frame, the i-th with i added to its pts.
(global $copies (mut i32) (i32.const 0))

(func (export "open") (param $params i32) (param $length i32) (result i32)
  (global.set $copies (call $number_in (local.get $params) (local.get $length)))
  (call $ok (i32.const 0) (i32.const 0)))

(func (export "process") (param $port i32) (param $port_length i32) (param $pts i64) (param $kind i32) (param $a i32) (param $b i32) (param $c i32) (param $data i32) (param $length i32) (result i32)
  (local $list i32) (local $i i32)
  (local.set $list (call $alloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.mul (global.get $copies) (i32.const 40))))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $i) (global.get $copies)))
      (call $store_frame
        (i32.add (local.get $list) (i32.mul (local.get $i) (i32.const 40)))
        (i64.add (local.get $pts) (i64.extend_i32_u (local.get $i)))
        (local.get $kind) (local.get $a) (local.get $b) (local.get $c) (local.get $data) (local.get $length))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
  (call $ok (local.get $list) (global.get $copies)))
(func (export "cabi_post_process") (param i32) (call $free_all))
(func (export "flush") (result i32) (call $ok (i32.const 0) (i32.const 0)))
